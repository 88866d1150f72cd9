import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach } from 'vitest';
import type { Definitions } from '../../lib/definition/definitions.ts';
import { sha256, type Sha256 } from '../../lib/encoding/digest.ts';
import { Log } from '../../lib/log/log-store.ts';
import { LogSigner } from '../../lib/log/log-signer.ts';
import type { LogEntry } from '../../lib/log/entry.ts';
import type { Registry, Stores } from '../../lib/oci/registry.ts';
import { MediaFiles } from '../../lib/record/media.ts';
import { RunError } from '../../lib/record/run-error.ts';
import { Runs } from '../../lib/record/runs.ts';
import type { Review, RunFault, RunRecord } from '../../lib/record/wire.ts';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { publishTo } from './publishing.ts';
import { definitionsOn } from './stored-git.ts';
import { registryOn, useStores, type OpenStores } from './use-stores.ts';

export const FAMILY = 'test-cases/carom';
const SIGNER = LogSigner.generate();

/** Runs on real engines, beside the definitions and the log that they need. */
export interface RunPlace {
  readonly stores: Stores;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly runs: Runs;
}

export const DECLARING = `
name = "Carom"
variants = ["plain", "three-cushion"]
[domains.play]
title = "Does it play?"
[domains.looks]
title = "Does it look right?"
[[review]]
id = "aim"
domain = "play"
`;

/** Fresh stores with v1.0.0 of a test case that declares how it is judged, for every test. */
export function useRunPlace(): () => RunPlace & { readonly open: OpenStores } {
  const stores = useStores();
  let place: (RunPlace & { readonly open: OpenStores }) | undefined;
  beforeEach(async () => {
    place = { ...(await runPlaceOn(stores())), open: stores() };
    await publishVersion(place, 'v1.0.0', DECLARING);
  });
  afterEach(() => (place = undefined));
  return () => {
    if (place === undefined) throw new Error('no test is running');
    return place;
  };
}

export async function runPlaceOn(
  stores: Stores,
  now: () => number = Date.now,
  signer: LogSigner = SIGNER,
): Promise<RunPlace> {
  const registry = registryOn(stores, { now });
  const definitions = definitionsOn(stores, registry, now);
  const log = await Log.open(stores.keys, { now, signer });
  const { keys, uploads } = stores;
  const media = new MediaFiles({ keys, content: registry.content, uploads, maxBytes: 4 * 1024 * 1024, now: Date.now });
  const runs = new Runs({ keys, registry, versions: definitions.versions, media, log });
  return { stores, registry, definitions, log, runs };
}

/** The same place over a store that is meddled with. */
export function runPlaceWith(place: RunPlace, keys: KeyedStore): Promise<RunPlace> {
  return runPlaceOn({ ...place.stores, keys });
}

export async function publishVersion(
  { definitions }: Pick<RunPlace, 'definitions'>,
  version: string,
  metadata: string,
): Promise<void> {
  await publishTo(definitions, FAMILY, version, { 'test-case.toml': metadata, version });
}

export function sampleRecord(id: string, change: Partial<RunRecord> = {}): RunRecord {
  return {
    format: 1,
    id,
    startedAt: '2025-06-01T12:00:00Z',
    endedAt: '2025-06-01T12:30:00.5Z',
    subject: { testCase: FAMILY, version: 'v1.0.0', variant: 'plain', harness: { name: 'claude' }, model: 'm-1' },
    metrics: { runTimeMs: 1_800_500, tokens: { input: 12, output: null }, costs: { USD: '0.25' } },
    status: 'completed',
    ...change,
  };
}

export function sampleReview(change: Partial<Review> = {}): Review {
  return {
    format: 1,
    reviewer: 'ada',
    ratings: { play: 80 },
    verdicts: { aim: 'pass' },
    text: 'Plays well.',
    ...change,
  };
}

export function submission(record: unknown, review: unknown = sampleReview(), more: object = {}): never {
  return JSON.parse(JSON.stringify({ record, review, ...more })) as never;
}

export async function storeMedia({ runs }: Pick<RunPlace, 'runs'>, bytes: Uint8Array): Promise<Sha256> {
  const digest = sha256(bytes);
  await runs.media.put(digest, pieces(bytes));
  return digest;
}

/** The beginning of a PNG, and so much more. */
export function pngBytes(size = 100): Buffer {
  const body = deflateSync(Buffer.alloc(size, 7));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), body, Buffer.alloc(size)]);
}

export async function* pieces(bytes: Uint8Array, size = 16 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function loggedRuns({ log }: Pick<RunPlace, 'log'>): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const { entry } of log.entries()) {
    if (['run', 'review', 'amend', 'retract', 'erase'].includes(entry.type)) entries.push(entry);
  }
  return entries;
}

/** The code and the faults of what is refused. */
export async function refused(work: Promise<unknown>): Promise<{ code: string; faults: string[]; message: string }> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { faults = [] } = (error.detail ?? {}) as { faults?: readonly RunFault[] };
    const told = faults.map(({ document, path, message }) => `${document} ${path}: ${message}`);
    return { code: error.code, faults: told, message: error.message };
  }
  throw new Error('it was not refused');
}
