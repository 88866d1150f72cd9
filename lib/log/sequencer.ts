import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedStore } from '../store/keyed-store.ts';
import { logEntryKey, logHeadKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import { StoreError } from '../store/store-error.ts';
import type { Appending, Prepared } from './appending.ts';
import { Batch, type Finished, type Standing } from './batch.ts';
import { parseEntry } from './entry-bytes.ts';
import { addBacklog, addPending } from './family-facts.ts';
import { decodeHead, encodeHead, type Head } from './head.ts';
import { LogError } from './log-error.ts';
import { loadTree } from './tree.ts';

/** So many entries share a commit at most: enough to share a wait for the disk, few enough to be prepared anew. */
const MAX_BATCH = 256;
const MAX_TRIES = 200;

interface Job {
  readonly prepare: Appending<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
}

interface Ready {
  readonly job: Job;
  readonly plan: Plan;
  readonly prepared: Prepared<unknown>;
}

interface Answered {
  readonly job: Job;
  readonly answer: () => unknown;
}

export interface SequencerParts {
  readonly keys: KeyedStore;
  readonly now: () => number;
  /** Key hash of the key that signs. */
  readonly key: string;
}

/**
 * The one writer of the log in this process. All that waits while a commit is under way shares the next one. Other processes
 * have theirs: every commit checks the head, and whoever was slower prepares anew.
 */
export class Sequencer {
  readonly #parts: SequencerParts;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #known: Standing | undefined;
  #limit = MAX_BATCH;

  constructor(parts: SequencerParts) {
    this.#parts = parts;
  }

  append<T>(prepare: Appending<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ prepare, resolve: resolve as (value: unknown) => void, reject, tries: 0 });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Those who come in the same turn come into the same batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const jobs = this.#waiting.splice(0, this.#limit);
      try {
        this.#waiting.unshift(...(await this.#round(jobs)));
      } catch (error) {
        for (const { reject } of jobs) reject(error);
      }
    }
    // In the same turn in which nobody was found waiting: whoever comes now starts anew.
    this.#running = undefined;
  }

  /** One batch. Every job of it is answered, or among those that are to be in the next. */
  async #round(jobs: readonly Job[]): Promise<readonly Job[]> {
    const { keys, now } = this.#parts;
    const ready = await this.#prepare(jobs);
    const standing = (this.#known ??= await this.#load());
    const batch = new Batch(standing, new Date(now()).toISOString());
    // Marks are read behind the preparations: whatever those have seen of families is in the log before what they say of it.
    const isAll = standing.head.backlog === 'done' ? await addPending(keys, batch) : await addBacklog(keys, batch);
    const { answers, off } = isAll ? compose(batch, ready) : { answers: [], off: ready.map(({ job }) => job) };
    const finished = batch.finish();
    const outcome = finished === undefined ? 'made' : await this.#commit(finished);
    if (outcome !== 'made') return [...(await this.#again(answers, outcome)), ...off];
    for (const { job, answer } of answers) settle(job, answer);
    return off;
  }

  /** Jobs that throw are rejected alone. */
  async #prepare(jobs: readonly Job[]): Promise<Ready[]> {
    const ready = await Promise.all(
      jobs.map(async (job) => {
        const plan = new Plan();
        try {
          return { job, plan, prepared: await job.prepare(plan) };
        } catch (error) {
          job.reject(error);
          return undefined;
        }
      }),
    );
    return ready.filter((one) => one !== undefined);
  }

  /** `overtaken`: the head is another. `refused`: it is not, so that something else of the batch did not hold. */
  async #commit({ commit, standing }: Finished): Promise<'made' | 'overtaken' | 'refused'> {
    const before = this.#known?.head;
    this.#known = undefined;
    let made: boolean;
    try {
      made = await this.#parts.keys.commit(commit);
    } catch (error) {
      made = await this.#hasBecome(standing.head, error);
    }
    if (made) {
      this.#known = standing;
      this.#limit = Math.min(MAX_BATCH, this.#limit * 2);
      return 'made';
    }
    this.#known = await this.#load();
    return before !== undefined && encodeHead(before).equals(encodeHead(this.#known.head)) ? 'refused' : 'overtaken';
  }

  /** A commit that was rejected may have been made all the same. */
  async #hasBecome(head: Head, error: unknown): Promise<true> {
    const value = await this.#parts.keys.get(logHeadKey).catch(() => undefined);
    if (value !== undefined && encodeHead(head).equals(value)) return true;
    throw error;
  }

  /** What did not hold is looked for by halves: the jobs beside it must not wait for it for ever. */
  async #again(answers: readonly Answered[], outcome: 'overtaken' | 'refused'): Promise<Job[]> {
    const jobs = answers.map(({ job }) => job);
    const wait: Job[] = [];
    for (const job of jobs) {
      // Who is overtaken was right when it was prepared; what is refused may never hold.
      job.tries += outcome === 'refused' ? 5 : 1;
      if (job.tries < MAX_TRIES) wait.push(job);
      else job.reject(new StoreError('busy', 'others keep changing the same thing'));
    }
    if (outcome === 'refused') this.#limit = Math.max(1, Math.floor(jobs.length / 2));
    const tries = Math.max(0, ...jobs.map((job) => job.tries));
    if (tries > 3) await sleep(Math.random() * Math.min(tries, 50));
    if (jobs.length > 1 || outcome !== 'refused') return wait;
    this.#waiting.push(...wait);
    return [];
  }

  async #load(): Promise<Standing> {
    const { keys, key } = this.#parts;
    const head = await readHead(keys);
    checkKey(head, key);
    const { size } = head.frontier;
    const last = size === 0 ? undefined : await keys.get(logEntryKey(size - 1));
    const lastAt = last === undefined ? '' : timeIn(last);
    return { head, tree: await loadTree(keys, head.frontier), lastAt };
  }
}

/** What is wrong with an entry is for `assay fsck` to tell; it must not keep others out. */
function timeIn(entry: Uint8Array): string {
  try {
    return parseEntry(entry).at;
  } catch {
    return '';
  }
}

export async function readHead(keys: KeyedStore): Promise<Head> {
  const value = await keys.get(logHeadKey);
  if (value === undefined) throw new StoreError('missing', 'the store has no log');
  return decodeHead(value);
}

/** A log has one key at a time; a server that did not hear of its rotation must neither append nor sign. */
export function checkKey(head: Head, key: string): void {
  if (head.key === key) return;
  throw new LogError('key-other', `the log is signed with the key ${head.key}, and this server has the key ${key}`);
}

/** Parts that do not go together with an earlier one are off to the next batch; those that make no entry are rejected alone. */
function compose(batch: Batch, ready: readonly Ready[]): { readonly answers: Answered[]; readonly off: Job[] } {
  const answers: Answered[] = [];
  const off: Job[] = [];
  for (const { job, plan, prepared } of ready) {
    try {
      const added = batch.add(plan, prepared);
      if (added === undefined) off.push(job);
      else answers.push({ job, answer: added.answer });
    } catch (error) {
      job.reject(error);
    }
  }
  return { answers, off };
}

function settle(job: Job, answer: () => unknown): void {
  try {
    job.resolve(answer());
  } catch (error) {
    job.reject(error);
  }
}
