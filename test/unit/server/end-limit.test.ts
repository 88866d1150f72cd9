import { expect, test, vi } from 'vitest';
import { DRAIN_MS, END_LIMIT_MS, killLater } from '../../../server/end-limit.ts';

test('whoever hangs is killed, says so, and has had the time to drain', () => {
  vi.useFakeTimers();
  try {
    const told: string[] = [];
    const log = { error: (message: string) => void told.push(message), info: () => undefined };
    killLater(log, () => void told.push('killed'));
    vi.advanceTimersByTime(END_LIMIT_MS - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['did not end in time', 'killed']);
    expect(END_LIMIT_MS).toBeGreaterThanOrEqual(2 * DRAIN_MS);
  } finally {
    vi.useRealTimers();
  }
});
