import { canonicalJson, type JsonObject } from '../../../../lib/encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../../../../lib/encoding/digest.ts';
import type { FileEntry } from '../../../../lib/definition/wire.ts';
import type { DefinitionFact } from '../../../../lib/log/entry.ts';
import type { Body, BodySource, FileSource, LogSource, Sources } from '../../../../lib/snapshot/sources.ts';

/** A log in memory with the bodies that it names; time is counted from its length. */
export class FakeLog implements LogSource, BodySource, FileSource, Sources {
  readonly log = this;
  readonly bodies = this;
  readonly files = this;
  readonly content = new Map<Sha256, Uint8Array>();
  readonly listings = new Map<string, readonly FileEntry[]>();
  readonly bytes: Uint8Array[] = [];

  get size(): number {
    return this.bytes.length;
  }

  append(fact: JsonObject): number {
    const minute = String(this.size % 60).padStart(2, '0');
    const hour = String(Math.floor(this.size / 60) % 24).padStart(2, '0');
    return this.appendBytes(canonicalJson({ v: 1, at: `2025-06-01T${hour}:${minute}:00.000Z`, by: 'ann', ...fact }));
  }

  appendBytes(bytes: Uint8Array): number {
    this.bytes.push(bytes);
    return this.size - 1;
  }

  put(body: JsonObject): Sha256 {
    return this.putBytes(canonicalJson(body));
  }

  putBytes(bytes: Uint8Array): Sha256 {
    const digest = sha256(bytes);
    this.content.set(digest, bytes);
    return digest;
  }

  run(id: string, record: JsonObject = {}, review: JsonObject = {}, version = 'v1.0.0'): number {
    return this.append({
      type: 'run',
      id,
      record: this.put(recordOf(id, record)),
      review: this.put(reviewOf(review)),
      reviewer: 'ann',
      definition: { family: 'test-cases/carom', version, digest: sha256(Buffer.from(version)) },
      status: 'completed',
    });
  }

  review(id: string, review: JsonObject, reviewer = 'ann'): number {
    const fact = {
      type: 'review',
      id,
      reviewer,
      review: this.put(reviewOf({ reviewer, ...review })),
      note: 'looked again',
    };
    return this.append(fact);
  }

  /** With what entries of the first release did not say. */
  amend(id: string, reason: string, more: JsonObject = {}): number {
    const [record, supersedes] = [this.put({ amended: this.size, id }), this.put(recordOf(id))];
    return this.append({ type: 'amend', id, record, supersedes, reason, ...more });
  }

  definition(version: string, files: Readonly<Record<string, string | Uint8Array>>, config: JsonObject = {}): number {
    const listing = Object.entries(files).map(([path, text]): FileEntry => {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      return { path, kind: 'file', size: bytes.length, oid: '0'.repeat(40), digest: this.putBytes(bytes) };
    });
    this.listings.set(`test-cases/carom ${version}`, listing);
    return this.append({
      type: 'definition',
      family: 'test-cases/carom',
      version,
      kind: 'test-case',
      digest: sha256(Buffer.from(version)),
      tree: '1'.repeat(40),
      commit: '2'.repeat(40),
      layer: sha256(Buffer.from(`layer ${version}`)),
      config: this.put({ name: 'Carom', ...config }),
    });
  }

  /** One more file of a version. */
  link(version: string, path: string, target: string): void {
    const name = `test-cases/carom ${version}`;
    const bytes = Buffer.from(target);
    const link = {
      path,
      kind: 'link',
      size: bytes.length,
      oid: '0'.repeat(40),
      digest: sha256(bytes),
      target,
    } as const;
    this.listings.set(name, [...(this.listings.get(name) ?? []), link]);
  }

  async *entries(from: number, to: number): AsyncGenerator<Uint8Array> {
    yield* this.bytes.slice(from, to);
  }

  open(digest: Sha256): Promise<Body | undefined> {
    const bytes = this.content.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : { size: bytes.length, read: () => pieces(bytes) });
  }

  list({ family, version }: DefinitionFact): Promise<readonly FileEntry[] | undefined> {
    return Promise.resolve(this.listings.get(`${family} ${version}`));
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
}

export function recordOf(id: string, more: JsonObject = {}): JsonObject {
  return {
    format: 1,
    id,
    startedAt: '2025-06-01T12:00:00Z',
    endedAt: '2025-06-01T12:41:07Z',
    subject: {
      testCase: 'test-cases/carom',
      version: 'v1.0.0',
      harness: { name: 'claude-code', version: '2.0.1' },
      model: 'claude-opus-4',
    },
    environment: { os: 'debian-12', auth: 'subscription' },
    metrics: {
      runTimeMs: 2_467_000,
      tokens: { input: 120_345, output: 45_678, cacheRead: null },
      costs: { USD: '12.34' },
    },
    status: 'completed',
    ...more,
  };
}

export function reviewOf(more: JsonObject = {}): JsonObject {
  return { format: 1, reviewer: 'ann', ratings: { play: 7, looks: 5.5 }, text: 'It plays well.', ...more };
}
