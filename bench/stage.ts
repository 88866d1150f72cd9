import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from './message.ts';

/** What one row starts and leaves on disk, and the one place that stops and removes it. */
export interface Stage {
  signal: AbortSignal;
  directory(purpose: string): Promise<string>;
  defer(close: () => Promise<void>): void;
  /** Gives a part of the row a stage of its own, whose servers and folders are gone when the part is over. */
  within<T>(part: (stage: Stage) => Promise<T>): Promise<T>;
}

/** Opens a stage for some work and closes it again, whatever becomes of the work. */
export async function withStage<T>(root: string, signal: AbortSignal, work: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = openStage(root, signal);
  let done: T;
  try {
    done = await work(stage);
  } catch (cause) {
    // A server that died says more than the request that it left unanswered.
    const closing = await stage.close().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (closing === undefined) throw cause;
    throw new AggregateError([cause, closing], `${messageOf(cause)}; ${messageOf(closing)}`, { cause });
  }
  await stage.close();
  return done;
}

function openStage(root: string, signal: AbortSignal): Stage & { close(): Promise<void> } {
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
    within(part) {
      return withStage(root, signal, part);
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
