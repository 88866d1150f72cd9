import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { CountedMetrics } from '../../../server/metrics.ts';
import { replacementAfter } from '../../../server/processes/back-off.ts';
import { remainsOf, summedText } from '../../../server/processes/summed-metrics.ts';
import { RequestDurations } from '../../../server/request-durations.ts';

/** What a process has counted that answered so many requests of 3 ms each. */
async function counted(requests: number): Promise<CountedMetrics> {
  const registry = new Registry();
  const registers = [registry];
  const durations = new RequestDurations();
  const histogram = new Histogram({ name: 'pauses', help: 'h', buckets: [1, 2], registers });
  for (let at = 0; at < requests; at += 1) {
    durations.observe('blob', 'GET', 200, 0.003);
    histogram.observe(1.5);
  }
  const removed = new Counter({ name: 'removed_total', help: 'h', labelNames: ['kind'], registers });
  removed.inc({ kind: 'blobs' }, requests);
  const memory = new Gauge({ name: 'memory_bytes', help: 'h', registers });
  memory.set(requests * 100);
  const last = new Gauge({ name: 'last_success', help: 'h', aggregator: 'max', registers });
  last.set(requests * 1000);
  const told = { requests: durations.counted(), others: await registry.getMetricsAsJSON() };
  // As it comes from another process.
  return JSON.parse(JSON.stringify(told)) as CountedMetrics;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the metrics of several processes', () => {
  test('are the sum of counters and histograms, and of gauges what they say of all', async () => {
    const lines = linesOf(await summedText([await counted(2), await counted(5)]));
    expect(lines).toEqual(
      expect.arrayContaining([
        'assay_http_request_duration_seconds_bucket{route="blob",method="GET",status="200",le="0.0025"} 0',
        'assay_http_request_duration_seconds_bucket{route="blob",method="GET",status="200",le="0.005"} 7',
        'assay_http_request_duration_seconds_count{route="blob",method="GET",status="200"} 7',
        'removed_total{kind="blobs"} 7',
        'pauses_bucket{le="1"} 0',
        'pauses_bucket{le="2"} 7',
        'pauses_count 7',
        'memory_bytes 700',
        'last_success 5000',
      ]),
    );
  });

  test('keep what grew in processes that are gone, time and again, and forget their gauges', async () => {
    let gone = remainsOf([await counted(2)]);
    for (let at = 0; at < 10; at += 1) gone = remainsOf([gone, await counted(2)]);
    expect(gone.requests).toHaveLength(1);
    const lines = linesOf(await summedText([gone, await counted(1)]));
    expect(lines).toEqual(
      expect.arrayContaining([
        'assay_http_request_duration_seconds_count{route="blob",method="GET",status="200"} 23',
        'removed_total{kind="blobs"} 23',
        'pauses_count 23',
        'memory_bytes 100',
      ]),
    );
  });
});

describe('a process that ended by itself', () => {
  test('is replaced the later the more often it ends soon, within bounds, and soon again after a sound life', () => {
    const waits: number[] = [];
    let failures = 0;
    for (let at = 0; at < 30; at += 1) {
      const next = replacementAfter(failures, 1_000);
      failures = next.failures;
      waits.push(next.waitMs);
    }
    expect(waits.slice(0, 4)).toEqual([200, 400, 800, 1_600]);
    expect(waits.at(-1)).toBe(30_000);
    expect(replacementAfter(failures, 60_000)).toEqual({ failures: 1, waitMs: 200 });
  });
});
