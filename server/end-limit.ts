import type { Log } from './log.ts';

/** After so long in draining, requests that are still under way are cut. */
export const DRAIN_MS = 30_000;

/** What hangs, as the disk below a store may, keeps a server from ending for so long. Supervisors wait longer (deploy/). */
export const END_LIMIT_MS = 60_000;

/** From when somebody is told to end. */
export function killLater(log: Log, kill: () => void): void {
  setTimeout(() => {
    log.error('did not end in time', { limitMs: END_LIMIT_MS });
    kill();
  }, END_LIMIT_MS).unref();
}
