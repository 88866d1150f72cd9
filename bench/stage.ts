import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './message.ts';

/** What one row starts and leaves on disk, and the one place that stops and removes it. */
export interface Stage {
  signal: AbortSignal;
  directory(purpose: string): Promise<string>;
  defer(close: () => Promise<void>): void;
  close(): Promise<void>;
}

export function openStage(root: string, signal: AbortSignal): Stage {
  const closers: (() => Promise<void>)[] = [];
  return {
    signal,
    async directory(purpose) {
      signal.throwIfAborted();
      const path = await mkdtemp(join(root, `assay-bench-${purpose}-`));
      closers.push(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
      return path;
    },
    defer(close) {
      closers.push(close);
    },
    async close() {
      const failures: unknown[] = [];
      for (const close of closers.splice(0).toReversed()) {
        await close().catch((cause: unknown) => failures.push(cause));
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '));
    },
  };
}
