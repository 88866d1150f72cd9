import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../../lib/encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import type { NewEntry } from '../../lib/log/appending.ts';
import type { Body, BodySource, LogSource, Sources } from '../../lib/snapshot/sources.ts';

/** A log of runs in memory, with records of the size that runners send: no store has a part in what is measured. */
export class SampleLog implements LogSource, BodySource, Sources {
  readonly log = this;
  readonly bodies = this;
  readonly files = { list: () => Promise.resolve(undefined) };
  readonly #bodies = new Map<Sha256, Buffer>();
  readonly #entries: Buffer[] = [];

  constructor(runs: number) {
    for (let number = 0; number < runs; number += 1) this.publish();
  }

  get size(): number {
    return this.#entries.length;
  }

  publish(): void {
    const { record, review, fact } = sampleRun(this.size);
    this.#put(record);
    this.#put(review);
    this.#append(fact);
  }

  /** Edits the review of one run in the middle of all. */
  review(): void {
    const number = Math.floor(this.size / 2);
    const review = this.#put({ ...reviewOf(number), text: `Looked again, after ${this.size} entries.` });
    this.#append({ type: 'review', id: idOf(number), reviewer: 'ann', review, note: 'looked again' });
  }

  async *entries(from: number, to: number): AsyncGenerator<Uint8Array> {
    yield* this.#entries.slice(from, to);
  }

  open(digest: Sha256): Promise<Body | undefined> {
    const bytes = this.#bodies.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : { size: bytes.length, read: () => once(bytes) });
  }

  #append(fact: object): void {
    const at = `2025-06-01T12:${String(this.size % 60).padStart(2, '0')}:00.000Z`;
    this.#entries.push(canonicalJson({ v: 1, at, by: 'runner@studio', ...fact }));
  }

  #put(body: JsonObject): Sha256 {
    const bytes = canonicalJson(body);
    const digest = sha256(bytes);
    this.#bodies.set(digest, bytes);
    return digest;
  }
}

/** What a run of that number consists of, and what the log says of it. */
export function sampleRun(number: number): { record: JsonObject; review: JsonObject; fact: NewEntry } {
  const id = idOf(number);
  const [record, review] = [recordOf(id, number), reviewOf(number)];
  const fact: NewEntry = {
    type: 'run',
    id,
    record: sha256(canonicalJson(record)),
    review: sha256(canonicalJson(review)),
    reviewer: 'ann',
    definition: { family: 'test-cases/carom', version: 'v1.1.0', digest: sha256(Buffer.from('carom')) },
    status: 'completed',
    by: 'runner@studio',
  };
  return { record, review, fact };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** As a UUID is written. */
function idOf(number: number): string {
  const hex = createHash('sha256').update(`run ${number}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function recordOf(id: string, number: number): JsonObject {
  const digest = (name: string): string => sha256(Buffer.from(`${name} ${number}`));
  return {
    format: 1,
    id,
    startedAt: '2025-06-01T12:00:00Z',
    endedAt: '2025-06-01T12:41:07.123Z',
    subject: {
      testCase: 'test-cases/carom',
      version: 'v1.1.0',
      digest: sha256(Buffer.from('carom')),
      variant: 'three-cushion',
      harness: { name: 'claude-code', version: '2.0.14' },
      orchestrator: 'sweep',
      model: 'claude-opus-4-5',
    },
    tooling: { commit: digest('tooling').slice(7, 47) },
    environment: { os: 'debian-12', container: `containers/claude@${digest('container')}`, auth: 'subscription' },
    metrics: {
      runTimeMs: 2_000_000 + number,
      tokens: { input: 120_345 + number, output: 45_678, cacheRead: 1_234_567, cacheWrite: 98_765 },
      costs: { USD: `12.${number % 100}` },
    },
    validation: {
      loaded: true,
      install: true,
      build: true,
      checks: ['opening', 'break', 'cushions', 'score', 'turns', 'end'].map((name, at) => {
        return { id: name, passed: (number + at) % 3 !== 0, similarity: ((number + at) % 100) / 100 };
      }),
    },
    links: { source: `https://git.example/${id}`, build: `https://builds.example/${id}/` },
    status: 'completed',
    definition: { family: 'test-cases/carom', version: 'v1.1.0', digest: sha256(Buffer.from('carom')) },
  };
}

function reviewOf(number: number): JsonObject {
  return {
    format: 1,
    reviewer: 'ann',
    ratings: { play: number % 11, looks: 5.5, physics: 8, sound: 3 },
    verdicts: { aim: 'pass', strike: 'partial', score: number % 2 === 0 ? 'pass' : 'fail', end: 'n/a' },
    text: `It plays well, and the cushions are honest. The score of run ${number} counts the break twice, which the rules forbid.`,
  };
}
