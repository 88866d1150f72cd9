import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { header, jsonOf, nextLink } from '../support/http.ts';
import { digestOf, imageIndex, json, MEDIA, randomContent } from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

async function tagged(tags: readonly string[]): Promise<Repository> {
  const repository = freshRepository(server);
  const bytes = imageIndex([]);
  for (const tag of tags) expectStatus(await repository.putManifest(tag, bytes, MEDIA.index), 201);
  return repository;
}

const SORTED = ['0', '1.0', '1.0-rc', '10', '2', 'A', 'V1', '_x', 'a', 'a-b', 'a.b', 'a_b', 'aa', 'b', 'v1'];

describe('the tag list', () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await tagged(SORTED.toReversed());
  });

  test('has every tag in the order of its bytes', async () => {
    const reply = await repository.get('tags/list');
    expect(header(reply, 'content-type')).toMatch(/^application\/json/);
    expect(jsonOf(reply)).toEqual({ name: repository.name, tags: SORTED });
    expect(nextLink(reply)).toBeUndefined();
  });

  test('has as many tags as n says, and a link to the rest', async () => {
    const reply = await repository.get('tags/list?n=4');
    expect(jsonOf(reply)).toEqual({ name: repository.name, tags: SORTED.slice(0, 4) });
    expect(nextLink(reply)).toBeDefined();
  });

  test.each([1, 2, 3, 7, 14, 15, 16])('has every tag once in pages of %i', async (size) => {
    const pages = await repository.pages(`tags/list?n=${size}`);
    const lists = pages.map((page) => (jsonOf(page) as { tags: string[] }).tags);
    expect(lists.flat()).toEqual(SORTED);
    for (const list of lists.slice(0, -1)) expect(list.length).toBe(size);
  });

  test('goes on behind last, which is not in it', async () => {
    expect(await repository.tags('?last=V1')).toEqual(SORTED.slice(7));
    expect(await repository.tags('?n=2&last=V1')).toEqual(['_x', 'a']);
    expect(await repository.tags('?last=v1')).toEqual([]);
  });

  test('goes on behind a last that is no tag of it', async () => {
    expect(await repository.tags('?n=2&last=1.5')).toEqual(['10', '2']);
    expect(await repository.tags('?n=2&last=zz')).toEqual([]);
  });

  test('is empty for n=0 and has no link', async () => {
    for (const query of ['?n=0', '?n=0&last=a']) {
      const reply = expectStatus(await repository.get(`tags/list${query}`), 200);
      expect(jsonOf(reply)).toEqual({ name: repository.name, tags: [] });
      expect(nextLink(reply)).toBeUndefined();
    }
  });

  test('is whole for an n beyond its length, without a link', async () => {
    for (const n of [SORTED.length, 1000, 2 ** 31]) {
      const reply = expectStatus(await repository.get(`tags/list?n=${n}`), 200);
      expect((jsonOf(reply) as { tags: string[] }).tags).toEqual(SORTED);
    }
  });

  test.each(['-1', 'abc', '1.5', '1e3', '%20'])('refuses n=%s', async (n) => {
    expectRefusal(await repository.get(`tags/list?n=${n}`), 400, [
      'PAGINATION_NUMBER_INVALID',
      'UNSUPPORTED',
      'NAME_INVALID',
      'TAG_INVALID',
    ]);
  });

  test('answers HEAD', async () => {
    const reply = await repository.head('tags/list');
    expect(reply.status).toBe(200);
    expect(reply.body.length).toBe(0);
  });

  test('is an empty list where there is content without a tag', async () => {
    const untagged = freshRepository(server);
    const bytes = imageIndex([]);
    expectStatus(await untagged.putManifest(digestOf(bytes), bytes, MEDIA.index), 201);
    expect(await untagged.tags()).toEqual([]);
  });

  test('is a 404 where there is no repository', async () => {
    expectRefusal(await freshRepository(server).get('tags/list'), 404, 'NAME_UNKNOWN');
  });

  test('of one repository is not that of its namesakes', async () => {
    const outer = await tagged(['outer']);
    const longer = freshRepository(server, outer.name);
    const inner = freshRepository(server, `${outer.name}/inner`);
    for (const other of [longer, inner]) {
      expectStatus(await other.putManifest('other', imageIndex([]), MEDIA.index), 201);
    }
    expect(await outer.tags()).toEqual(['outer']);
  });

  test('goes on where a tag was deleted between two pages', async () => {
    const changing = await tagged(['a', 'b', 'c', 'd']);
    const first = await changing.get('tags/list?n=2');
    expectStatus(await changing.delete('manifests/b'), 202);
    const next = new URL(nextLink(first) ?? '', changing.url('tags/list'));
    expect(await changing.tags(next.search)).toEqual(['c', 'd']);
  });
});

describe('the tag list of thousands', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const tags = Array.from({ length: 3000 }, (_, at) => `build-${at}`);
  let repository: Repository;

  beforeAll(async () => {
    repository = freshRepository(server);
    const bytes = json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [] });
    await Promise.all(
      tags.map(async (tag) => expectStatus(await repository.putManifest(tag, bytes, MEDIA.index, agent), 201)),
    );
  });
  afterAll(() => agent.destroy());

  test.each(['', '?n=100', '?n=999', '?n=100000'])(
    'has every tag once, in order, over all its pages (%s)',
    async (query) => {
      const pages = await repository.pages(`tags/list${query}`);
      expect(pages.flatMap((page) => (jsonOf(page) as { tags: string[] }).tags)).toEqual(tags.toSorted());
    },
  );

  test('is found whole by a client that counts instead of following links', async () => {
    const seen: string[] = [];
    while (seen.length <= tags.length) {
      const page = await repository.tags(`?n=700${seen.length === 0 ? '' : `&last=${seen.at(-1)}`}`);
      seen.push(...page);
      if (page.length < 700) break;
    }
    expect(seen).toEqual(tags.toSorted());
  });
});

describe('a page of tags', () => {
  test('is not disturbed by pushes that happen meanwhile', async () => {
    const repository = await tagged(['m1', 'm2', 'm3', 'm4']);
    const pages = await Promise.all([
      repository.pages('tags/list?n=1'),
      ...['a', 'n', 'z'].map((tag) => repository.putManifest(tag, randomIndex(), MEDIA.index)),
    ]);
    const seen = pages[0].flatMap((page) => (jsonOf(page) as { tags: string[] }).tags);
    expect(seen.filter((tag) => tag.startsWith('m'))).toEqual(['m1', 'm2', 'm3', 'm4']);
    expect(seen).toEqual([...new Set(seen)].toSorted());
  });
});

function randomIndex(): Buffer {
  return imageIndex([], { annotations: { nonce: randomContent(8).toString('hex') } });
}
