import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Config } from '../config.ts';
import { logTo, type Log } from '../log.ts';
import type { CountedMetrics } from '../metrics.ts';
import { killLater } from '../end-limit.ts';
import { firstSignal } from '../signals.ts';
import { replacementAfter } from './back-off.ts';
import { remainsOf, summedText } from './summed-metrics.ts';
import { WatchedProcess, type ProcessEnd } from './watched-process.ts';

/** The place of one process that serves; who takes it is replaced when it ends. */
interface Place {
  readonly number: number;
  process: WatchedProcess | undefined;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

/** A process ended before all were up; it has said why. */
class EndedEarly extends Error {
  readonly code: number;

  constructor(code: number) {
    super('a process ended at its start');
    this.code = code;
  }
}

/**
 * Runs several processes that serve one address, until it is told to end; the exit code. It opens no store and answers no
 * request, so that whatever goes wrong there does not end it.
 */
export async function watchProcesses(config: Config, announce: (address: AddressInfo) => void): Promise<number> {
  // Each in turn: what the system does by itself gives most of the connections to few.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const watch = new Watch(config, logTo(process.stderr));
  const told = firstSignal(() => {
    watch.killAll();
    return undefined;
  });
  void told.then((signal) => watch.drain(signal));
  return watch.run(announce);
}

class Watch {
  readonly #log: Log;
  readonly #places: readonly Place[];
  readonly #allEnded: Promise<void>;
  #resolveEnded: () => void = () => {};
  /** The port that processes ask for. Those that ask for the same get the same, also where it is a free one. */
  #port: number;
  #taken: number | undefined;
  #ending = false;
  #code = 0;
  /** What processes have counted that are no more. */
  #gone: CountedMetrics = { requests: [], others: [] };
  readonly #own = new Registry();
  #summing: Promise<string> | undefined;
  readonly #serving: Gauge;
  readonly #replaced: Counter;

  constructor({ processes, port }: Config, log: Log) {
    this.#log = log;
    this.#port = port;
    this.#places = Array.from({ length: processes }, (_, number) => {
      return { number, process: undefined, failures: 0, timer: undefined };
    });
    this.#allEnded = new Promise((resolve) => (this.#resolveEnded = resolve));
    const registers = [this.#own];
    this.#serving = new Gauge({ name: 'assay_processes', help: 'Processes of this server that serve', registers });
    this.#replaced = new Counter({
      name: 'assay_process_replacements_total',
      help: 'Processes of this server that ended by themselves and were replaced',
      registers,
    });
  }

  /** One first: it makes the key of the log and the tables, and what is wrong with the settings is said once. */
  async run(announce: (address: AddressInfo) => void): Promise<number> {
    try {
      const [first, ...others] = this.#places;
      const address = await this.#begin(first!);
      await Promise.all(others.map((place) => this.#begin(place)));
      if (address !== undefined && !this.#ending) announce(address);
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error;
      this.#code = error.code;
      this.drain('start failed');
    }
    await this.#allEnded;
    return this.#code;
  }

  drain(signal: string): void {
    if (this.#ending) return;
    this.#ending = true;
    for (const { timer, process } of this.#places) {
      clearTimeout(timer);
      process?.drain(signal);
    }
    killLater(this.#log, () => this.killAll());
    this.#endIfAll();
  }

  killAll(): void {
    for (const { process } of this.#places) process?.kill();
  }

  /** Where the process listens; undefined where all were told to end before. */
  #begin(place: Place): Promise<AddressInfo | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#ending) {
        resolve(undefined);
        return;
      }
      // A free port that was taken is given back when nobody listens, and clients know it by now.
      if (!this.#places.some(({ process }) => process?.listens === true)) this.#port = this.#taken ?? this.#port;
      const started = new WatchedProcess(
        { number: place.number, port: this.#port },
        {
          onSumWanted: (answer) => void this.#summed().then(answer, (error: unknown) => this.#failed(error)),
          onListening: (address) => {
            this.#taken = address.port;
            this.#log.info('process serves', { process: place.number, pid: started.pid });
            resolve(address);
          },
          onEnd: (end) => {
            const wasUp = started.listens;
            place.process = undefined;
            this.#remember(started);
            if (this.#ending) resolve(undefined);
            else if (!wasUp) reject(new EndedEarly(end.code === null || end.code === 0 ? 1 : end.code));
            else this.#replace(place, started, end);
            if (this.#ending) this.#ended(end);
          },
        },
      );
      place.process = started;
    });
  }

  /** A process that was told to end from outside, and ended well, is replaced at once. */
  #replace(place: Place, ended: WatchedProcess | undefined, { code, signal }: ProcessEnd): void {
    const servedMs = ended === undefined ? 0 : performance.now() - ended.startedAt;
    const { failures, waitMs } = code === 0 ? { failures: 0, waitMs: 0 } : replacementAfter(place.failures, servedMs);
    place.failures = failures;
    this.#replaced.inc();
    const said = { process: place.number, pid: ended?.pid, code, signal, replacedAfterMs: waitMs };
    if (code === 0) this.#log.info('process ended', said);
    else this.#log.error('process ended by itself', said);
    place.timer = setTimeout(() => {
      this.#begin(place).catch((error: unknown) => {
        // What the system refuses to start, it may start later: it ends nobody who serves.
        if (!(error instanceof EndedEarly)) this.#log.error('process not started', { error: String(error) });
        this.#replace(place, undefined, { code: error instanceof EndedEarly ? error.code : 1, signal: null });
      });
    }, waitMs);
  }

  #ended({ code, signal }: ProcessEnd): void {
    if (code !== 0 && this.#code === 0) {
      this.#code = 1;
      this.#log.error('a process did not end well', { code, signal });
    }
    this.#endIfAll();
  }

  #endIfAll(): void {
    if (this.#places.every(({ process }) => process === undefined)) this.#resolveEnded();
  }

  /** Those who scrape at the same time get the same. */
  #summed(): Promise<string> {
    this.#summing ??= this.#sum().finally(() => (this.#summing = undefined));
    return this.#summing;
  }

  async #sum(): Promise<string> {
    const asked = this.#places.map(async (place) => ({
      place,
      process: place.process,
      counted: await place.process?.count(),
    }));
    const answers = await Promise.all(asked);
    // What ended meanwhile is among those that are gone.
    const living = answers.filter(({ place, process }) => process === place.process);
    const counted = living.map((one) => one.counted).filter((one) => one !== undefined);
    this.#serving.set(this.#places.filter(({ process }) => process?.listens === true).length);
    const own = { requests: [], others: await this.#own.getMetricsAsJSON() };
    return summedText([...counted, this.#gone, own]);
  }

  /** Up to when it was last asked: what it counted since is lost with it. */
  #remember({ lastCounted }: WatchedProcess): void {
    if (lastCounted === undefined) return;
    this.#gone = remainsOf([this.#gone, lastCounted]);
  }

  #failed(error: unknown): void {
    this.#log.error('what the processes have counted could not be summed', { error: String(error) });
  }
}
