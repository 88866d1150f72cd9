import cluster from 'node:cluster';
import { StoreError } from '../../lib/store/store-error.ts';
import type { Metrics } from '../metrics.ts';
import type { FromServing, Task, ToServing } from './messages.ts';

/** A process that nobody gives a task was not started by the one that watches. */
const TASK_LIMIT_MS = 20_000;
/** Longer than the one that sums waits for a process that is busy. */
const SUM_LIMIT_MS = 5_000;

/** What a process that serves hears from the one that watches over it, and says to it. */
export class Orders {
  readonly task: Promise<Task>;
  /** Resolves with the signal that all are to end by. */
  readonly ending: Promise<string>;
  readonly #sums = new Map<number, (text: string) => void>();
  #questions = 0;
  #metrics: Metrics | undefined;

  constructor() {
    this.ending = new Promise((resolve) => {
      // A signal often goes to all processes of a terminal or a unit; what a second one means is not decided here.
      process.on('SIGTERM', resolve);
      process.on('SIGINT', resolve);
      this.#on('drain', ({ signal }) => resolve(signal));
    });
    this.task = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no task came for this process')), TASK_LIMIT_MS);
      this.#on('begin', ({ task }) => {
        clearTimeout(timer);
        resolve(task);
      });
    });
    this.#on('sum', ({ question, text }) => this.#sums.get(question)?.(text));
    this.#on('count', ({ question }) => {
      void this.#metrics?.counted().then((metrics) => this.tell({ what: 'counted', question, metrics }));
    });
    process.prependListener('disconnect', endAtOnce);
    this.tell({ what: 'here' });
  }

  /** From now on it says what was counted here, when it is asked. */
  countBy(metrics: Metrics): void {
    this.#metrics = metrics;
  }

  /** The metrics of all processes. */
  async sum(): Promise<string> {
    const question = (this.#questions += 1);
    try {
      return await new Promise<string>((resolve, reject) => {
        const late = (): void => reject(new StoreError('busy', 'what all processes have counted did not come'));
        const timer = setTimeout(late, SUM_LIMIT_MS);
        this.#sums.set(question, (text) => {
          clearTimeout(timer);
          resolve(text);
        });
        this.tell({ what: 'sum wanted', question });
      });
    } finally {
      this.#sums.delete(question);
    }
  }

  tell(message: FromServing): void {
    // Where nobody hears it, this process is about to end.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }

  #on<W extends ToServing['what']>(what: W, handle: (message: Extract<ToServing, { what: W }>) => void): void {
    process.on('message', (message: ToServing) => {
      if (message.what === what) handle(message as Extract<ToServing, { what: W }>);
    });
  }
}

/**
 * Nobody watches any longer. Node would end the process by `exit`, which waits for its threads, and where LMDB is in the middle
 * of a commit its thread waits for this one: the process would stay for ever, and hold up all others that write.
 */
function endAtOnce(): void {
  if (cluster.worker?.exitedAfterDisconnect !== true) process.kill(process.pid, 'SIGKILL');
}
