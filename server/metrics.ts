import {
  Counter,
  Gauge,
  Registry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';
import type { KeptPacksStanding } from '../lib/git/upload-pack/kept-packs.ts';
import type { PublicationStatus } from '../lib/publication/wire.ts';
import { RequestDurations, type CountedSeries } from './request-durations.ts';

/** All that one process has counted, as it tells another. */
export interface CountedMetrics {
  readonly requests: readonly CountedSeries[];
  readonly others: readonly MetricObjectWithValues<MetricValue<string>>[];
}

type Standing = Omit<PublicationStatus, 'snapshots'>;

type PublicationGauge = readonly [name: string, help: string, valueOf: (standing: Standing, now: number) => number];

const PUBLICATION_GAUGES: readonly PublicationGauge[] = [
  [
    'assay_publication_live_age_seconds',
    'Since when the live snapshot is live',
    ({ live }, now) => (live === undefined ? 0 : Math.max(0, (now - Date.parse(live.at)) / 1000)),
  ],
  ['assay_publication_live_entries', 'Entries of the log in the live snapshot', ({ live }) => live?.size ?? 0],
  ['assay_publication_waiting_entries', 'Entries of the log that the live snapshot has not', ({ waiting }) => waiting],
  ['assay_publication_failures', 'Failures in a row to publish', ({ failures }) => failures],
  ['assay_publication_held', 'Whether an operator has rolled back', ({ held }) => Number(held)],
  [
    'assay_publication_hook_attempts',
    'Times that the waiting deploy hook was told in vain',
    ({ hook }) => hook?.attempts ?? 0,
  ],
];

/** What Prometheus is told. A route is a pattern, never a name that a client chose. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new RequestDurations();
  readonly #collected: Counter<'kind'>;
  readonly #collections: Counter<'outcome'>;
  readonly #lastCollection: Gauge;
  #beforeText: () => Promise<void> = () => Promise.resolve();
  #refreshing: Promise<void> | undefined;

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
      aggregator: 'max',
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

  /** How publication stands (of all processes alike), asked for whenever somebody scrapes. */
  publication(standing: () => Promise<Standing>): void {
    const registers = [this.#registry];
    const gauges = PUBLICATION_GAUGES.map(([name, help]) => new Gauge({ name, help, aggregator: 'max', registers }));
    this.#beforeText = async () => {
      const stands = await standing();
      PUBLICATION_GAUGES.forEach(([, , valueOf], at) => gauges[at]?.set(valueOf(stands, Date.now())));
    };
  }

  /** Packs of Git objects that are kept for who asks for the same. */
  keptPacks(standing: () => KeptPacksStanding): void {
    const bytes = {
      name: 'assay_git_kept_pack_bytes',
      help: 'Room on the local disk that packs of Git objects take',
      collect(this: Gauge): void {
        this.set(standing().bytes);
      },
    };
    const sent = {
      name: 'assay_git_kept_packs_sent_total',
      help: 'Clones that were answered with a kept pack',
      collect(this: Counter): void {
        this.reset();
        this.inc(standing().sent);
      },
    };
    this.#registry.registerMetric(new Gauge({ ...bytes, registers: [] }));
    this.#registry.registerMetric(new Counter({ ...sent, registers: [] }));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    await this.#refresh();
    return this.#requests.text() + (await this.#registry.metrics());
  }

  async counted(): Promise<CountedMetrics> {
    await this.#refresh();
    return { requests: this.#requests.counted(), others: await this.#registry.getMetricsAsJSON() };
  }

  /** What cannot be asked for now must not hide the rest. Those who scrape at the same time ask once. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#beforeText()
      .catch(() => undefined)
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }
}
