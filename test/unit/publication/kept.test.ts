import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { keptOf, MAX_HISTORY, MAX_PACED, swapsApartMs } from '../../../lib/publication/kept.ts';
import { SWAP_APART_MS, waitBeforePublish } from '../../../lib/publication/pacing.ts';
import type { PublishedSnapshot } from '../../../lib/publication/publication-state.ts';
import { encodeJson } from '../../../lib/store/json-value.ts';

const GRACE_MS = 7 * 24 * 3_600_000;
const START = 1_800_000_000_000;
const snapshot = sha256(Buffer.from('a snapshot'));

describe('a log that grows without end', () => {
  // Every so many milliseconds something is published, if it is time.
  test.each([20_000, 600_000, 1_600_000])('keeps no more snapshots than are remembered: every %i ms', (every) => {
    let history: readonly PublishedSnapshot[] = [];
    let most = 0;
    let longest = 0;
    for (let now = START; now < START + 2.5 * GRACE_MS; now += every) {
      const apartMs = swapsApartMs(history, GRACE_MS, now);
      const lastSwap = history[0]?.at ?? 0;
      if (waitBeforePublish({ ticks: now, lastAppend: 0, dirtySince: 0, now, lastSwap, apartMs }) > 0) continue;
      if (history.length > 0) longest = Math.max(longest, now - lastSwap);
      history = [{ publication: 9_999_999, snapshot, size: 99_999_999, at: now }, ...history];
      history = keptOf(history, now - GRACE_MS);
      most = Math.max(most, history.length);
    }
    expect(most).toBeLessThanOrEqual(MAX_PACED);
    expect(most).toBeGreaterThan(every < 1_600_000 ? MAX_PACED - 5 : 300);
    expect(longest).toBeLessThanOrEqual(GRACE_MS / 150);
  });

  test('fits into one value of the store', () => {
    const one = { publication: 9_999_999, snapshot, size: 99_999_999, at: START };
    const history = Array.from({ length: MAX_HISTORY }, () => one);
    expect(encodeJson({ history, failures: 99, lastError: 'x'.repeat(300) }).length).toBeLessThan(64 * 1024);
  });

  test('goes on being published where as many were asked for as are remembered', () => {
    const one = { publication: 1, snapshot, size: 1, at: START };
    const apartMs = swapsApartMs(
      Array.from({ length: MAX_HISTORY }, () => one),
      GRACE_MS,
      START + 1_000,
    );
    expect(apartMs).toBe(GRACE_MS / 150);
  });

  test('is not held up by a clock that was set back', () => {
    const one = { publication: 1, snapshot, size: 1, at: START + 2 * GRACE_MS };
    expect(
      swapsApartMs(
        Array.from({ length: MAX_PACED }, () => one),
        GRACE_MS,
        START,
      ),
    ).toBe(SWAP_APART_MS);
  });
});
