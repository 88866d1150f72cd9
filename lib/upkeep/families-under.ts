import { asBuffer } from '../encoding/as-buffer.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { nameOfKey } from '../store/keys.ts';

/** Each family that has keys under a letter, with the first of them; the others are leapt over. */
export async function* familiesUnder(
  keys: KeyedStore,
  letter: string,
): AsyncGenerator<{ readonly family: string; readonly key: Uint8Array }> {
  const end = Buffer.from(letter);
  end[0] = (end[0] ?? 0) + 1;
  let start: Buffer = Buffer.from(letter);
  for (;;) {
    const [first] = await keys.list({ start, end, limit: 1 });
    if (first === undefined) return;
    const name = nameOfKey(first.key);
    const family = name.split('\0', 1)[0] ?? name;
    yield { family, key: asBuffer(first.key) };
    // A family's keys go on with 00 behind its name.
    start = Buffer.from(`${letter}${family}\x01`, 'latin1');
  }
}
