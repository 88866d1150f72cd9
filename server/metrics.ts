import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What Prometheus is told. A route is a pattern, never a name that a client chose. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #collected: Counter<'kind'>;
  readonly #collections: Counter<'outcome'>;
  readonly #lastCollection: Gauge;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'assay_http_request_duration_seconds',
      help: 'Time from the end of a request head to the end of its answer',
      labelNames: ['route', 'method', 'status'],
      buckets: SECONDS,
      registers,
    });
    this.#collected = new Counter({
      name: 'assay_gc_removed_total',
      help: 'What garbage collection removed',
      labelNames: ['kind'],
      registers,
    });
    this.#collections = new Counter({
      name: 'assay_gc_runs_total',
      help: 'Runs of garbage collection in this server',
      labelNames: ['outcome'],
      registers,
    });
    this.#lastCollection = new Gauge({
      name: 'assay_gc_last_success_timestamp_seconds',
      help: 'When garbage collection last ended well in this server',
      registers,
    });
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#requests.observe({ route, method, status }, seconds);
  }

  collection(outcome: 'done' | 'failed' | 'skipped', removed: Readonly<Record<string, number>> = {}): void {
    this.#collections.inc({ outcome });
    for (const [kind, count] of Object.entries(removed)) this.#collected.inc({ kind }, count);
    if (outcome === 'done') this.#lastCollection.setToCurrentTime();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
