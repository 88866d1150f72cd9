import cluster, { type Worker } from 'node:cluster';
import type { AddressInfo } from 'node:net';
import type { CountedMetrics } from '../metrics.ts';
import { endWhatIsLost } from './handed-over.ts';
import type { FromServing, Task, ToServing } from './messages.ts';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WatchedProcessEvents {
  /** Somebody asked this process for what all have counted. */
  readonly onSumWanted: (answer: (text: string) => void) => void;
  readonly onListening: (address: AddressInfo) => void;
  readonly onEnd: (end: ProcessEnd) => void;
}

/** So long a process may take to say what it has counted; one that is busy for longer is taken at its last word. */
const COUNT_LIMIT_MS = 2_000;

/** One process that serves, as the one that watches over it sees it. */
export class WatchedProcess {
  readonly startedAt = performance.now();
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (metrics: CountedMetrics) => void>();
  #questions = 0;
  #listens = false;
  #hears = false;
  #endBy: string | undefined;
  #counted: CountedMetrics | undefined;

  constructor(task: Task, { onSumWanted, onListening, onEnd }: WatchedProcessEvents) {
    this.#worker = cluster.fork();
    endWhatIsLost(this.#worker);
    this.#worker.on('message', (message: FromServing) => {
      if (message.what === 'here') this.#begin(task);
      if (message.what === 'listens') {
        this.#listens = true;
        onListening(message.address);
      }
      if (message.what === 'counted') this.#waiting.get(message.question)?.(message.metrics);
      if (message.what === 'sum wanted') {
        const { question } = message;
        onSumWanted((text) => this.#tell({ what: 'sum', question, text }));
      }
    });
    this.#worker.on('error', () => {
      // What the system did not start never ends; what else goes wrong shows by its end.
      if (this.pid === undefined) onEnd({ code: null, signal: null });
    });
    this.#worker.once('exit', (code: number | null, signal: string | null) => onEnd({ code, signal }));
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  get listens(): boolean {
    return this.#listens;
  }

  /** What it said when it was last asked. */
  get lastCounted(): CountedMetrics | undefined {
    return this.#counted;
  }

  drain(signal: string): void {
    this.#endBy = signal;
    if (this.#hears) this.#tell({ what: 'drain', signal });
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  /** What it has counted so far; undefined where it never said. */
  async count(): Promise<CountedMetrics | undefined> {
    if (!this.#listens || !this.#worker.isConnected()) return this.#counted;
    const question = (this.#questions += 1);
    const answered = await new Promise<CountedMetrics | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), COUNT_LIMIT_MS);
      this.#waiting.set(question, (metrics) => {
        clearTimeout(timer);
        resolve(metrics);
      });
      this.#tell({ what: 'count', question });
    });
    this.#waiting.delete(question);
    return (this.#counted = answered ?? this.#counted);
  }

  #begin(task: Task): void {
    this.#hears = true;
    this.#tell({ what: 'begin', task });
    // It may have been told to end before it could hear.
    if (this.#endBy !== undefined) this.drain(this.#endBy);
  }

  /** A process that is ending hears nothing any more, which is no trouble. */
  #tell(message: ToServing): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }
}
