import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../lib/store/clock.ts';
import {
  bringForward,
  DATA_FORMAT,
  formatOf,
  requireFormat,
  type FormatStep,
  type FormatWait,
} from '../../../lib/store/data-format.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';
import type { KeyedStore } from '../../../lib/store/keyed-store.ts';
import { formatKey } from '../../../lib/store/keys.ts';
import { announceServer } from '../../../lib/store/presence.ts';
import { Gate } from '../../support/gate.ts';
import { useStores } from '../../support/use-stores.ts';

const AT = Buffer.from('a key of the first format');
const clock = systemClock;

async function textOf(keys: KeyedStore): Promise<string | undefined> {
  const value = await keys.get(AT);
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** Adds a letter to what is there, once: a step that is done again changes nothing more. */
function adding(letter: string): FormatStep {
  return async (keys) => {
    const text = (await textOf(keys)) ?? '';
    if (!text.endsWith(letter)) await keys.commit({ puts: [{ key: AT, value: Buffer.from(text + letter) }] });
  };
}

const STEPS = [adding('b'), adding('c')];

describe('the format of a store', () => {
  const stores = useStores();

  test('is that of this program, once a server has opened it', async () => {
    const { keys } = stores();
    await bringForward(keys, { clock });
    expect(await formatOf(keys)).toBe(DATA_FORMAT);
    expect(await keys.get(formatKey)).toEqual(encodeJson({ format: DATA_FORMAT }));
    await requireFormat(keys);
  });

  test('of before there was a word of it is brought forward step by step, with what is there', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    const told: number[] = [];
    await bringForward(keys, { clock, steps: STEPS, onStep: (format) => void told.push(format) });
    expect(await textOf(keys)).toBe('abc');
    expect([await formatOf(keys), ...told]).toEqual([3, 2, 3]);
    await bringForward(keys, { clock, steps: STEPS });
    expect(await textOf(keys)).toBe('abc');
  });

  test('goes on where a step has died', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    const dying: FormatStep = async (store) => {
      await STEPS[1]!(store);
      throw new Error('the power is gone');
    };
    await expect(bringForward(keys, { clock, steps: [STEPS[0]!, dying] })).rejects.toThrow('the power is gone');
    expect(await formatOf(keys)).toBe(2);
    await bringForward(keys, { clock, steps: STEPS });
    expect([await textOf(keys), await formatOf(keys)]).toEqual(['abc', 3]);
  });

  test('is brought forward once by servers that start together, and all of them start', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    let told = 0;
    const counted = { clock, steps: STEPS, onStep: (): void => void (told += 1) };
    await Promise.all(Array.from({ length: 8 }, () => bringForward(keys, counted)));
    expect([await textOf(keys), await formatOf(keys), told]).toEqual(['abc', 3, 2]);
  });

  test('is waited for while another server brings it forward, which is told, and not for ever', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    const [begun, ending] = [new Gate(), new Gate()];
    const slow: FormatStep = async (store) => {
      begun.open();
      await ending.opened;
      await STEPS[0]!(store);
    };
    const first = bringForward(keys, { clock, steps: [slow, STEPS[1]!] });
    await begun.opened;
    await expect(bringForward(keys, { clock, steps: STEPS, longestWaitMs: 150 })).rejects.toMatchObject({
      code: 'busy',
    });
    let waits = 0;
    const second = bringForward(keys, { clock, steps: STEPS, onWait: () => ((waits += 1), ending.open()) });
    // One that knows less than the one that is waited for does not serve what it made of the data.
    const older = bringForward(keys, { clock, steps: STEPS.slice(0, 1) });
    await Promise.all([first, second, expect(older).rejects.toThrow(/newer Assay/)]);
    expect(waits).toBeGreaterThan(0);
    expect([await textOf(keys), await formatOf(keys)]).toEqual(['abc', 3]);
  });

  test('is left alone while a server runs that does not know the next one, which is told, and not for ever', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    const older = await announceServer(keys, clock.now);
    await expect(bringForward(keys, { clock, steps: STEPS, longestWaitMs: 100 })).rejects.toThrow(/stop them first/);
    expect([await textOf(keys), await formatOf(keys)]).toEqual(['a', 1]);
    const waits = new Set<FormatWait>();
    await bringForward(keys, { clock, steps: STEPS, onWait: (what) => (waits.add(what), void older.leave()) });
    expect([...waits]).toEqual(['servers run']);
    expect([await textOf(keys), await formatOf(keys)]).toEqual(['abc', 3]);
    const present = await announceServer(keys, clock.now);
    await bringForward(keys, { clock, steps: STEPS });
    await present.leave();
  });

  test('is the newest from the start where there is nothing yet to bring forward', async () => {
    const { keys } = stores();
    const told: number[] = [];
    await bringForward(keys, { clock, steps: STEPS, onStep: (format) => void told.push(format) });
    expect([await textOf(keys), await formatOf(keys), told]).toEqual([undefined, 3, []]);
  });

  test('is refused where it is newer, by servers and by commands, and nothing is changed', async () => {
    const { keys } = stores();
    await keys.commit({ puts: [{ key: formatKey, value: encodeJson({ format: 4 }) }] });
    await expect(bringForward(keys, { clock, steps: STEPS })).rejects.toThrow(
      /newer Assay \(its format is 4, this one knows 3\)/,
    );
    await expect(requireFormat(keys, 3)).rejects.toThrow(/newer Assay/);
    expect([await textOf(keys), await formatOf(keys)]).toEqual([undefined, 4]);
  });

  test('of before versions were removed is brought forward, so that programs of then refuse it', async () => {
    const { keys } = stores();
    await keys.commit({
      puts: [
        { key: AT, value: Buffer.from('a') },
        { key: formatKey, value: encodeJson({ format: 2 }) },
      ],
    });
    await bringForward(keys, { clock });
    expect(await textOf(keys)).toBe('a');
    await expect(bringForward(keys, { clock, steps: [adding('b')] })).rejects.toThrow(/newer Assay/);
  });

  test('is refused by commands where it is older, and not where there is nothing that could be', async () => {
    const { keys } = stores();
    await requireFormat(keys, 2);
    expect(await formatOf(keys)).toBe(DATA_FORMAT);
    await keys.commit({ puts: [{ key: AT, value: Buffer.from('a') }] });
    await expect(requireFormat(keys, 2)).rejects.toThrow(/start its server once/);
  });
});
