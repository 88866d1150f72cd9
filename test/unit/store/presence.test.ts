import { expect, test } from 'vitest';
import { entriesOf, type KeyedStore } from '../../../lib/store/keyed-store.ts';
import { servingLeases } from '../../../lib/store/key-ranges.ts';
import { announceServer, countServers } from '../../../lib/store/presence.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();

async function leases(): Promise<number> {
  let count = 0;
  for await (const _lease of entriesOf(stores().keys, servingLeases)) count += 1;
  return count;
}

test('each server counts from its word until it leaves, and nothing of it stays', async () => {
  const { keys } = stores();
  expect(await countServers(keys, Date.now)).toBe(0);
  const [one, other] = [await announceServer(keys, Date.now), await announceServer(keys, Date.now)];
  expect(await countServers(keys, Date.now)).toBe(2);
  await one.leave();
  expect(await countServers(keys, Date.now)).toBe(1);
  await other.leave();
  expect(await countServers(keys, Date.now)).toBe(0);
  expect(await leases()).toBe(0);
});

test('one that ended without a word counts for a minute, and is forgotten by the next that comes', async () => {
  const { keys } = stores();
  const now = Date.now();
  // It stays with a clock that stands: as if it had been killed.
  const lost = await announceServer(keys, () => now);
  expect(await countServers(keys, () => now + 59_000)).toBe(1);
  expect(await countServers(keys, () => now + 61_000)).toBe(0);
  const next = await announceServer(keys, () => now + 61_000);
  expect(await leases()).toBe(1);
  await next.leave();
  await lost.leave();
  expect(await leases()).toBe(0);
});

test('a store that takes no writes is served all the same', async () => {
  const { keys } = stores();
  const full: KeyedStore = {
    get: (key) => keys.get(key),
    list: (range) => keys.list(range),
    close: () => keys.close(),
    commit: () => Promise.reject(new StoreError('full', 'no room left for keys')),
  };
  const presence = await announceServer(full, Date.now);
  expect(await countServers(keys, Date.now)).toBe(0);
  await presence.leave();
});
