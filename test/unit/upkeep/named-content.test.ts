import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestWith, sha256 } from '../../../lib/encoding/digest.ts';
import { familyKey } from '../../../lib/store/keys.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { namedContent } from '../../../lib/upkeep/named-content.ts';
import { bytesNamed, manifestOf, pushImage } from '../../support/images.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';

const [config, layer, other] = ['config', 'layer', 'other'].map((name) => bytesNamed(name, 100)) as [
  Buffer,
  Buffer,
  Buffer,
];
const manifest = manifestOf([config, layer]);

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
  await pushImage(opened.registry, 'family', 'v1', [config, layer], manifest);
  await opened.registry.uploads.receive('another', digestWith('sha512', other), oneChunk(other));
});
afterEach(() => opened.close());

async function named(): Promise<string[]> {
  const found: string[] = [];
  for await (const content of namedContent(opened.stores.keys)) found.push(content);
  return found.sort();
}

it('is what the blobs and manifests of every repository name, also of one that has lost its record', async () => {
  const all = [config, layer, other, manifest].map((bytes) => sha256(bytes)).sort();
  expect(await named()).toEqual(all);
  await opened.stores.keys.commit({ deletes: [familyKey('family')] });
  expect(await named()).toEqual(all);
});

it('is not collected where a repository has lost its record', async () => {
  await opened.stores.keys.commit({ deletes: [familyKey('family')] });
  const now = (): number => opened.time;
  const { removed } = await collect(opened.stores, opened.registry, { graceMs: 0, uploadExpiryMs: 0, now });
  expect(removed.content).toBe(1);
  expect(await named()).toEqual([config, layer, manifest].map((bytes) => sha256(bytes)).sort());
  expect(await opened.registry.content.keep(sha256(layer))).toBeDefined();
});
