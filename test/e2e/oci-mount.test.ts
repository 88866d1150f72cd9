import { describe, expect, test } from 'vitest';
import { header, send } from '../support/http.ts';
import { ALGORITHMS, digestOf, randomContent, unknownDigest } from '../support/oci-content.ts';
import { expectStatus, freshRepository, locationOf } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

describe.each(ALGORITHMS)('mounting a blob by its %s', (algorithm) => {
  test.each([100, 200_000])('from the repository that has it needs no upload (%i bytes)', async (size) => {
    const [source, target] = [freshRepository(server), freshRepository(server)];
    const bytes = randomContent(size);
    const digest = await source.pushBlob(bytes, algorithm);
    const reply = expectStatus(await target.send('POST', `blobs/uploads/?mount=${digest}&from=${source.name}`), 201);
    expect(header(reply, 'docker-content-digest')).toBe(digest);
    expect((await send('GET', locationOf(reply, server.url))).body.equals(bytes)).toBe(true);
    expect((await target.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('without a source finds it anywhere', async () => {
    const [source, target] = [freshRepository(server), freshRepository(server)];
    const bytes = randomContent(100);
    const digest = await source.pushBlob(bytes, algorithm);
    expectStatus(await target.send('POST', `blobs/uploads/?mount=${digest}`), 201);
    expect((await target.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test.each(['', '&from=nobody/has-this'])('that nobody has begins an upload (%s)', async (from) => {
    const target = freshRepository(server);
    const bytes = randomContent(100);
    const digest = digestOf(bytes, algorithm);
    const reply = expectStatus(await target.send('POST', `blobs/uploads/?mount=${digest}${from}`), 202);
    expectStatus(await target.close(locationOf(reply, server.url), digest, bytes), 201);
    expect((await target.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('outlives the deletion of the source', async () => {
    const [source, target] = [freshRepository(server), freshRepository(server)];
    const bytes = randomContent(300);
    const digest = await source.pushBlob(bytes, algorithm);
    expectStatus(await target.send('POST', `blobs/uploads/?mount=${digest}&from=${source.name}`), 201);
    expectStatus(await source.delete(`blobs/${digest}`), 202);
    expect((await target.get(`blobs/${digest}`)).body.equals(bytes)).toBe(true);
  });

  test('that the source has deleted begins an upload', async () => {
    const [source, target] = [freshRepository(server), freshRepository(server)];
    const digest = await source.pushBlob(randomContent(300), algorithm);
    expectStatus(await source.delete(`blobs/${digest}`), 202);
    expectStatus(await target.send('POST', `blobs/uploads/?mount=${digest}&from=${source.name}`), 202);
  });
});

describe('mounting', () => {
  test('from the same repository is done at once', async () => {
    const repository = freshRepository(server);
    const digest = await repository.pushBlob(randomContent(50));
    expectStatus(await repository.send('POST', `blobs/uploads/?mount=${digest}&from=${repository.name}`), 201);
    expect((await repository.head(`blobs/${digest}`)).status).toBe(200);
  });

  test('from a name that cannot be is refused or begins an upload', async () => {
    const reply = await freshRepository(server).send(
      'POST',
      `blobs/uploads/?mount=${unknownDigest()}&from=..%2F..%2Fetc`,
    );
    expect([202, 400]).toContain(reply.status);
  });

  test('what a repository does not have itself never reads it', async () => {
    const [owner, stranger, target] = [freshRepository(server), freshRepository(server), freshRepository(server)];
    const digest = await owner.pushBlob(randomContent(50));
    await stranger.pushBlob(randomContent(50));
    const reply = await target.send('POST', `blobs/uploads/?mount=${digest}&from=${stranger.name}`);
    expect([201, 202]).toContain(reply.status);
    expect((await target.head(`blobs/${digest}`)).status).toBe(reply.status === 201 ? 200 : 404);
  });
});
