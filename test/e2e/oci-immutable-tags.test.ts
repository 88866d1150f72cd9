import { describe, expect, test } from 'vitest';
import { header, send, textOf, type Reply } from '../support/http.ts';
import { digestOf, imageIndex, json, MEDIA } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

async function declare(repository: Repository, rules: unknown): Promise<Reply> {
  const url = `${server.url}/api/v1/families/${repository.name}/rules`;
  return send('PUT', url, { headers: { 'Content-Type': 'application/json' }, body: json(rules) });
}

async function withImmutableVersions(): Promise<Repository> {
  const repository = freshRepository(server);
  expectStatus(await declare(repository, { immutable: ['v*'] }), 200);
  return repository;
}

function contentOf(note: string): Buffer {
  return imageIndex([], { annotations: { note } });
}

describe('a tag that a family declares immutable', () => {
  test('can be set once', async () => {
    const repository = await withImmutableVersions();
    expectStatus(await repository.putManifest('v1.0.0', contentOf('one'), MEDIA.index), 201);
    expect((await repository.get('manifests/v1.0.0')).body.equals(contentOf('one'))).toBe(true);
  });

  test('does not move: both digests are named, and nothing has changed', async () => {
    const repository = await withImmutableVersions();
    const [one, two] = [contentOf('one'), contentOf('two')];
    expectStatus(await repository.putManifest('v1.0.0', one, MEDIA.index), 201);
    const reply = await repository.putManifest('v1.0.0', two, MEDIA.index);
    expectRefusal(reply, 409, 'DENIED');
    expect(textOf(reply)).toContain(digestOf(one));
    expect(textOf(reply)).toContain(digestOf(two));
    expect(header(await repository.head('manifests/v1.0.0'), 'docker-content-digest')).toBe(digestOf(one));
    expect((await repository.head(`manifests/${digestOf(two)}`)).status).toBe(404);
  });

  test('does not move by a push with a list of tags, of which none is set', async () => {
    const repository = await withImmutableVersions();
    const [one, two] = [contentOf('one'), contentOf('two')];
    expectStatus(await repository.putManifest('v1', one, MEDIA.index), 201);
    expectRefusal(
      await repository.putManifest(`${digestOf(two)}?tag=latest&tag=v1&tag=v2`, two, MEDIA.index),
      409,
      'DENIED',
    );
    expect(await repository.tags()).toEqual(['v1']);
  });

  test('may be set again to what it names', async () => {
    const repository = await withImmutableVersions();
    for (let round = 0; round < 3; round += 1) {
      expectStatus(await repository.putManifest('v1', contentOf('one'), MEDIA.index), 201);
    }
  });

  test('cannot be deleted, nor its manifest under it, to make it free', async () => {
    const repository = await withImmutableVersions();
    expectStatus(await repository.putManifest('v1', contentOf('one'), MEDIA.index), 201);
    expectRefusal(await repository.delete('manifests/v1'), 409, 'DENIED');
    expectRefusal(await repository.delete(`manifests/${digestOf(contentOf('one'))}`), 409, 'DENIED');
    expect((await repository.get('manifests/v1')).body.equals(contentOf('one'))).toBe(true);
  });

  test('leaves every other tag as free as before', async () => {
    const repository = await withImmutableVersions();
    for (const note of ['one', 'two'])
      expectStatus(await repository.putManifest('latest', contentOf(note), MEDIA.index), 201);
    expectStatus(await repository.delete('manifests/latest'), 202);
  });

  test('leaves other families as free as before', async () => {
    await withImmutableVersions();
    const other = freshRepository(server);
    for (const note of ['one', 'two']) expectStatus(await other.putManifest('v1', contentOf(note), MEDIA.index), 201);
  });

  test('goes to one of many who push it at once', async () => {
    const repository = await withImmutableVersions();
    const contents = Array.from({ length: 10 }, (_, at) => contentOf(String(at)));
    const replies = await Promise.all(contents.map((bytes) => repository.putManifest('v1', bytes, MEDIA.index)));
    const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    const won = contents[replies.findIndex(({ status }) => status === 201)];
    expect((await repository.get('manifests/v1')).body.equals(won ?? Buffer.alloc(0))).toBe(true);
  });

  test('stays so after a restart', async () => {
    const repository = await withImmutableVersions();
    expectStatus(await repository.putManifest('v1', contentOf('one'), MEDIA.index), 201);
    await server.restart();
    expectRefusal(await repository.putManifest('v1', contentOf('two'), MEDIA.index), 409, 'DENIED');
  });

  test('keeps what it named when the rule came', async () => {
    const repository = freshRepository(server);
    expectStatus(await repository.putManifest('v1', contentOf('one'), MEDIA.index), 201);
    expectStatus(await declare(repository, { immutable: ['v*'] }), 200);
    expectRefusal(await repository.putManifest('v1', contentOf('two'), MEDIA.index), 409, 'DENIED');
  });
});

describe('rules', () => {
  test('that are none are refused as problem+json', async () => {
    const repository = freshRepository(server);
    for (const rules of [[], 'v*', { immutable: 'v*' }, { immutable: ['/'] }, { frozen: [] }, { immutable: [7] }]) {
      const reply = await declare(repository, rules);
      expect([400, 422]).toContain(reply.status);
      expect(header(reply, 'content-type')).toMatch(/^application\/problem\+json/);
    }
  });

  test('can be read back', async () => {
    const repository = await withImmutableVersions();
    const reply = await send('GET', `${server.url}/api/v1/families/${repository.name}/rules`);
    expect(JSON.parse(textOf(reply))).toEqual({ immutable: ['v*'] });
  });
});
