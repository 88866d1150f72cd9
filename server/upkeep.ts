import { collect } from '../lib/upkeep/collect.ts';
import { StoreError } from '../lib/store/store-error.ts';
import type { Context } from './context.ts';
import { describeError, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { timerMs } from './timer.ts';

/** Who acts where nobody asked. */
const THE_SERVER = { address: '', name: 'assay' };

/** Collects garbage every interval, first a while after the start; never two runs at once. */
export function startUpkeep(context: Context, metrics: Metrics, log: Log): { stop(): Promise<void> } {
  const { gcIntervalMs, gcGraceMs, uploadExpiryMs, auditRetentionMs } = context.config;
  const ending = new AbortController();
  let running: Promise<void> = Promise.resolve();
  async function run(): Promise<void> {
    try {
      const { removed } = await collect(context.stores, context.registry, {
        graceMs: gcGraceMs,
        uploadExpiryMs,
        auditRetentionMs,
        by: THE_SERVER,
        now: Date.now,
        signal: ending.signal,
      });
      metrics.collection('done', { ...removed });
      log.info('garbage collected', { ...removed });
    } catch (error) {
      if (ending.signal.aborted) return;
      const elsewhere = error instanceof StoreError && error.code === 'busy';
      metrics.collection(elsewhere ? 'skipped' : 'failed');
      if (!elsewhere) log.error('garbage collection failed', { error: describeError(error) });
    }
  }
  if (gcIntervalMs === 0) return { stop: async () => {} };
  function schedule(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      running = run().finally(() => {
        timer = schedule(gcIntervalMs);
      });
    }, timerMs(delayMs)).unref();
  }
  let timer = schedule(Math.min(gcIntervalMs, FIRST_RUN_MS));
  return {
    async stop() {
      clearTimeout(timer);
      ending.abort();
      await running;
      clearTimeout(timer);
    },
  };
}

/** A server that is started anew every day must collect, too. */
const FIRST_RUN_MS = 10 * 60_000;
