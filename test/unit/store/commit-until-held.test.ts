import { describe, expect, test } from 'vitest';
import { commitUntilHeld } from '../../../lib/store/commit-until-held.ts';
import type { Commit, KeyedStore } from '../../../lib/store/keyed-store.ts';

/** A store that refuses so many commits. */
function refusing(times: number): KeyedStore & { readonly commits: Commit[] } {
  const commits: Commit[] = [];
  return {
    commits,
    get: async () => undefined,
    list: async () => [],
    close: async () => {},
    commit: async (commit) => commits.push(commit) > times,
  };
}

describe('a commit that is tried until it holds', () => {
  test('is decided anew each time, and answers what belongs to the one that held', async () => {
    const keys = refusing(7);
    let decided = 0;
    const result = await commitUntilHeld(keys, async () => {
      decided += 1;
      return { commit: { deletes: [Buffer.of(decided)] }, result: decided };
    });
    expect(result).toBe(8);
    expect(keys.commits.map(({ deletes }) => deletes?.[0]?.[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('need not be made where there is nothing to change', async () => {
    const keys = refusing(0);
    expect(await commitUntilHeld(keys, async () => ({ result: 'as it was' }))).toBe('as it was');
    expect(keys.commits).toEqual([]);
  });

  test('ends with code busy where others are faster every time', async () => {
    const keys = refusing(Infinity);
    await expect(commitUntilHeld(keys, async () => ({ commit: {}, result: 1 }))).rejects.toMatchObject({
      code: 'busy',
    });
    expect(keys.commits.length).toBeGreaterThan(50);
  }, 20_000);

  test('ends with what the decision or the store throws, at once', async () => {
    const keys = refusing(3);
    const thrown = new Error('no');
    await expect(commitUntilHeld(keys, () => Promise.reject(thrown))).rejects.toBe(thrown);
    const broken = { ...keys, commit: () => Promise.reject(thrown) };
    let tries = 0;
    const attempt = async (): Promise<{ commit: Commit; result: number }> => ({ commit: {}, result: (tries += 1) });
    await expect(commitUntilHeld(broken, attempt)).rejects.toBe(thrown);
    expect(tries).toBe(1);
  });
});
