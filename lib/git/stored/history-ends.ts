import { asBuffer } from '../bytes.ts';
import type { HistoryEnds } from '../history-ends.ts';
import type { Oid } from '../oid.ts';
import { entriesOf, type KeyedStore } from '../../store/keyed-store.ts';
import { historyEndsOf } from '../../store/key-ranges.ts';
import { oidOfKey } from '../../store/keys.ts';

export async function historyEndsIn(keys: Pick<KeyedStore, 'list'>, family: string): Promise<HistoryEnds> {
  const ends = new Map<Oid, readonly Oid[]>();
  for await (const { key, value } of entriesOf(keys, historyEndsOf(family)))
    ends.set(oidOfKey(key), decodeParents(value));
  return ends;
}

export function encodeParents(parents: readonly Oid[]): Buffer {
  return Buffer.from(parents.join(''), 'hex');
}

function decodeParents(value: Uint8Array): Oid[] {
  return asBuffer(value).toString('hex').match(/.{40}/g) ?? [];
}
