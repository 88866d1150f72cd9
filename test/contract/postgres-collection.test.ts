import fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectSize } from '../../lib/git/stored/object-size.ts';
import { sha256, type Digest } from '../../lib/encoding/digest.ts';
import { makeRegistry, type Registry, type Stores } from '../../lib/oci/registry.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import { PostgresKeyedStore } from '../../lib/store/postgres/postgres-keyed-store.ts';
import { check } from '../../lib/upkeep/check.ts';
import { collect } from '../../lib/upkeep/collect.ts';
import { bytesNamed, manifestOf, pushImage } from '../support/images.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith } from '../support/programs.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { storedBlob } from '../support/stored-blob.ts';

/** Half of it lies among the keys, half in files. */
const POOL = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) => bytesNamed(name, at % 2 === 0 ? 300 : 70_000));
const FAMILIES = ['one', 'one/two', 'three'];

const push = fc.record({
  family: fc.constantFrom(...FAMILIES),
  tag: fc.nat(2),
  blobs: fc.uniqueArray(fc.constantFrom(...POOL), { minLength: 1, maxLength: 3 }),
});
const removal = fc.record({
  family: fc.constantFrom(...FAMILIES),
  tag: fc.nat(2),
  what: fc.constantFrom('tag' as const, 'manifest' as const),
});
const step = fc.oneof({ weight: 3, arbitrary: push }, { weight: 2, arbitrary: removal });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const clients = fc.array(fc.array(step, { minLength: 4, maxLength: 8 }), { minLength: 2, maxLength: 4 });

interface Node {
  readonly stores: Stores;
  readonly registry: Registry;
}

describeWith(['postgres'], 'several registries on one PostgreSQL', () => {
  const server = usePostgres();

  test('keep every acknowledged image whole while others of them delete and collect without grace', async () => {
    const law = fc.asyncProperty(clients, fc.boolean(), async (plans, untagged) => {
      const url = await server.freshDatabase();
      const folder = await makeTemporaryFolder();
      const one = await openNode(url, folder.path);
      const other = await openNode(url, folder.path);
      const collector = await openNode(url, folder.path);
      try {
        const pushing = new AbortController();
        const collecting = collectUntil(pushing.signal, collector, untagged);
        const running = plans.map((steps, at) => runClient(at % 2 === 0 ? one : other, `client${at}`, steps));
        await Promise.allSettled(running);
        pushing.abort();
        await collecting;
        const expected = await Promise.all(running);
        await expectSound(one);
        for (const images of expected) for (const [name, digest] of images) await expectWhole(other, name, digest);
      } finally {
        await Promise.all([one, other, collector].map(({ stores }) => stores.keys.close()));
        await server.checkUnused(url);
        await server.drop(url);
        await folder.remove();
      }
    });
    await fc.assert(law, { numRuns: 8 });
  }, 120_000);
});

async function openNode(url: string, folder: string): Promise<Node> {
  const layout = new FileLayout(folder);
  const [blobs, uploads] = [await FileBlobStore.open(layout), await FileUploadStore.open(layout)];
  const stores: Stores = { keys: await PostgresKeyedStore.open(url), blobs, uploads };
  return { stores, registry: makeRegistry(stores, { now: Date.now, maxBlobBytes: 2 ** 40, objectSize }) };
}

async function collectUntil(signal: AbortSignal, node: Node, untagged: boolean): Promise<void> {
  const options = { graceMs: 0, uploadExpiryMs: 3_600_000, now: Date.now, untagged };
  while (!signal.aborted) await collect(node.stores, node.registry, options);
}

/** Each client has tags and manifests of its own, so that it knows what they must name. */
async function runClient(node: Node, client: string, steps: readonly Step[]): Promise<Map<string, Digest>> {
  const expected = new Map<string, Digest>();
  const { registry } = node;
  for (const one of steps) {
    const tag = `${client}-tag${one.tag}`;
    const name = `${one.family} ${tag}`;
    if ('blobs' in one) {
      const manifest = manifestOf(one.blobs, { annotations: { client, tag } });
      expected.set(name, await pushImage(registry, one.family, tag, one.blobs, manifest));
      continue;
    }
    const digest = expected.get(name);
    if (digest === undefined) continue;
    if (one.what === 'tag') await registry.tags.remove(one.family, tag);
    else await registry.manifests.remove(one.family, digest);
    expected.delete(name);
  }
  return expected;
}

async function expectSound(node: Node): Promise<void> {
  const findings: unknown[] = [];
  await check(node.stores, node.registry, { content: true, onFinding: (finding) => findings.push(finding) });
  expect(findings).toEqual([]);
}

async function expectWhole(node: Node, name: string, digest: Digest): Promise<void> {
  const [family = '', tag = ''] = name.split(' ');
  const found = await node.registry.manifests.find(family, { tag });
  expect(found.digest).toBe(digest);
  const bytes = await node.registry.content.readAll(found.located);
  expect(sha256(bytes)).toBe(digest);
  const { layers } = JSON.parse(Buffer.from(bytes).toString()) as { layers: { digest: Digest }[] };
  for (const layer of layers) {
    const blob = await storedBlob(node.registry, family, layer.digest);
    expect(sha256(await node.registry.content.readAll(blob))).toBe(layer.digest);
  }
}
