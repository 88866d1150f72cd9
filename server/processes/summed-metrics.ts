import { AggregatorRegistry, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import type { CountedMetrics } from '../metrics.ts';
import { RequestDurations } from '../request-durations.ts';

type Counted = MetricObjectWithValues<MetricValue<string>>;

/** Counters and histograms only grow, so what a process has counted counts beyond its end; gauges are of the living. */
const GROWING: ReadonlySet<string> = new Set(['counter', 'histogram']);

/** One text of what several processes have counted. */
export async function summedText(all: readonly CountedMetrics[]): Promise<string> {
  const { requests, others } = summed(all);
  return requests.text() + (await others.metrics());
}

/** What stays of processes that have ended. */
export function remainsOf(ended: readonly CountedMetrics[]): CountedMetrics {
  const growing = ended.map(({ requests, others }) => ({ requests, others: others.filter(isGrowing) }));
  const { requests, others } = summed(growing);
  // Those of a sum hold their values, which the library's types do not say.
  return { requests: requests.counted(), others: others.getMetricsAsArray() as Counted[] };
}

function summed(all: readonly CountedMetrics[]): { readonly requests: RequestDurations; readonly others: Registry } {
  const requests = new RequestDurations();
  for (const series of all.flatMap((one) => one.requests)) requests.add(series);
  return { requests, others: AggregatorRegistry.aggregate(all.map(({ others }) => [...others])) };
}

function isGrowing({ type }: Counted): boolean {
  return GROWING.has(String(type));
}
