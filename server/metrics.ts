import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { RequestDurations } from './request-durations.ts';

/** What Prometheus is told. A route is a pattern, never a name that a client chose. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new RequestDurations();
  readonly #collected: Counter<'kind'>;
  readonly #collections: Counter<'outcome'>;
  readonly #lastCollection: Gauge;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
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
    this.#requests.observe(route, method, status, seconds);
  }

  collection(outcome: 'done' | 'failed' | 'skipped', removed: Readonly<Record<string, number>> = {}): void {
    this.#collections.inc({ outcome });
    for (const [kind, count] of Object.entries(removed)) this.#collected.inc({ kind }, count);
    if (outcome === 'done') this.#lastCollection.setToCurrentTime();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#requests.text() + (await this.#registry.metrics());
  }
}
