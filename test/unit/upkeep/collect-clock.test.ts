import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import type { CollectedItem, CollectOptions, CollectReport } from '../../../lib/upkeep/collection.ts';
import { bytesNamed } from '../../support/images.ts';
import { oneChunk, openTestRegistry, type TestRegistry } from '../../support/registry.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const small = bytesNamed('small', 100);

let opened: TestRegistry;
beforeEach(async () => {
  opened = await openTestRegistry();
});
afterEach(() => opened.close());

function run(options: Partial<CollectOptions> = {}): Promise<CollectReport> {
  const { stores, registry } = opened;
  return collect(stores, registry, {
    graceMs: 24 * HOUR,
    uploadExpiryMs: 24 * HOUR,
    now: () => opened.time,
    ...options,
  });
}

it('delays a removal by one grace period when the clock is set back after the mark, and not until it is there again', async () => {
  await opened.registry.uploads.receive('family', sha256(small), oneChunk(small));
  opened.time += YEAR;
  expect((await run()).marked.blobs).toBe(1);
  opened.time -= YEAR;
  expect((await run()).removed.blobs).toBe(0);
  opened.time += 23 * HOUR;
  expect((await run()).removed.blobs).toBe(0);
  opened.time += 2 * HOUR;
  expect((await run()).removed.blobs).toBe(1);
});

it('removes what was marked before the clock was set back at once, where there is no grace', async () => {
  await opened.registry.uploads.receive('family', sha256(small), oneChunk(small));
  opened.time += YEAR;
  await run();
  opened.time -= YEAR;
  expect((await run({ graceMs: 0 })).removed.blobs).toBe(1);
});

it('takes an upload of a time to come for one of now', async () => {
  opened.time += YEAR;
  const id = await opened.registry.uploads.start('family');
  opened.time -= YEAR;
  expect((await run()).removed.uploads).toBe(0);
  expect((await run({ uploadExpiryMs: 0 })).removed.uploads).toBe(1);
  await expect(opened.registry.uploads.size('family', id)).rejects.toMatchObject({ code: 'upload-unknown' });
});

it('reports staged bytes that no upload has, first without removing them', async () => {
  const id = randomUUID();
  await opened.stores.uploads.append(id, 0, oneChunk(small));
  opened.time += 25 * HOUR;
  for (const dryRun of [true, false]) {
    expect(await opened.stores.uploads.size(id)).toBe(small.length);
    const items: CollectedItem[] = [];
    const report = await run({ dryRun, onItem: (item) => items.push(item) });
    expect(report.removed.uploads).toBe(1);
    expect(items).toEqual([{ action: 'removed', kind: 'uploads', name: id }]);
  }
  expect(await opened.stores.uploads.size(id)).toBe(0);
});
