import type { Oid } from '../oid.ts';
import { dataPacket } from '../pkt-line.ts';
import type { ShallowPlan } from '../walk/shallow.ts';

/** Where history ends and where it does no more. Without newlines: Git takes them with one and without, libgit2 only without. */
export function shallowLines({ shallow, unshallow }: Pick<ShallowPlan, 'shallow' | 'unshallow'>): Buffer[] {
  return [...shallow.map((oid) => line('shallow', oid)), ...unshallow.map((oid) => line('unshallow', oid))];
}

function line(word: string, oid: Oid): Buffer {
  return dataPacket(Buffer.from(`${word} ${oid}`, 'latin1'));
}
