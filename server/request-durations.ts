/** Durations as one process hands them to another. */
export interface CountedSeries {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly counts: readonly number[];
  readonly total: number;
  readonly seconds: number;
}

/** One labelled histogram: how many requests took at most so long, how many in all, and their time together. */
interface Series {
  readonly labels: { readonly route: string; readonly method: string; readonly status: string };
  readonly counts: Float64Array;
  total: number;
  seconds: number;
}

const NAME = 'assay_http_request_duration_seconds';
const HELP = 'Time from the head of a request until its answer was made and, of a pull, handed to the connection';
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Durations of requests by route, method and status. It counts in arrays, as every read of a manifest passes here, and
 * puts them into Prometheus' form when asked.
 */
export class RequestDurations {
  readonly #series = new Map<string, Map<string, Map<number, Series>>>();

  observe(route: string, method: string, status: number, seconds: number): void {
    const series = this.#seriesOf(route, method, status);
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] ?? 0)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.total += 1;
    series.seconds += seconds;
  }

  counted(): CountedSeries[] {
    return [...this.#all()].map(({ labels: { route, method, status }, counts, total, seconds }) => {
      return { route, method, status: Number(status), counts: [...counts], total, seconds };
    });
  }

  /** Adds what another process has counted. */
  add({ route, method, status, counts, total, seconds }: CountedSeries): void {
    const series = this.#seriesOf(route, method, status);
    for (const [bucket, count] of counts.entries()) series.counts[bucket] = (series.counts[bucket] ?? 0) + count;
    series.total += total;
    series.seconds += seconds;
  }

  /** The exposition format of Prometheus, version 0.0.4. */
  text(): string {
    const lines = [`# HELP ${NAME} ${HELP}`, `# TYPE ${NAME} histogram`];
    for (const series of this.#all()) lines.push(...linesOf(series));
    return `${lines.join('\n')}\n`;
  }

  #seriesOf(route: string, method: string, status: number): Series {
    const byMethod = entry(this.#series, route, () => new Map<string, Map<number, Series>>());
    const byStatus = entry(byMethod, method, () => new Map<number, Series>());
    return entry(byStatus, status, () => ({
      labels: { route, method, status: String(status) },
      counts: new Float64Array(BOUNDS.length + 1),
      total: 0,
      seconds: 0,
    }));
  }

  *#all(): Generator<Series> {
    for (const byMethod of this.#series.values()) for (const byStatus of byMethod.values()) yield* byStatus.values();
  }
}

function linesOf({ labels, counts, total, seconds }: Series): string[] {
  const named = `route="${labels.route}",method="${labels.method}",status="${labels.status}"`;
  let below = 0;
  const lines = BOUNDS.map((bound, at) => {
    below += counts[at] ?? 0;
    return `${NAME}_bucket{${named},le="${bound}"} ${below}`;
  });
  lines.push(
    `${NAME}_bucket{${named},le="+Inf"} ${total}`,
    `${NAME}_sum{${named}} ${seconds}`,
    `${NAME}_count{${named}} ${total}`,
  );
  return lines;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
