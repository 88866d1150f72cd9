import { asBuffer } from '../encoding/as-buffer.ts';
import { canonicalJson, type JsonValue } from '../encoding/canonical-json.ts';
import { hexOf, parseDigest, sha256, type Sha256 } from '../encoding/digest.ts';
import type { ObjectSink, ObjectSource, Ref } from './objects.ts';
import { SnapshotError } from './snapshot-error.ts';

/** A ref within a node: `[hex, size]`. */
export type ShortRef = readonly [string, number];

export function refOf(bytes: Uint8Array): Ref {
  return { digest: sha256(bytes), size: bytes.length };
}

export function shortOf({ digest, size }: Ref): ShortRef {
  return [hexOf(digest), size];
}

export function longOf([hex, size]: ShortRef): Ref {
  return { digest: `sha256:${hex}`, size };
}

export function isSameRef(a: Ref | undefined, b: Ref | undefined): boolean {
  return a?.digest === b?.digest && a?.size === b?.size;
}

/** Values as the JSON that they are; types of documents are interfaces, which TypeScript does not take for JSON. */
export function jsonOf(document: object): JsonValue {
  return document as unknown as JsonValue;
}

/** Awaited in every round of long work: others in the same process want their turn, and sources in memory give them none. */
export type Breathe = () => Promise<void> | undefined;

/** Writes the documents of one render, and reads those of the one before. */
export class Documents {
  readonly #source: ObjectSource | undefined;
  readonly #sink: ObjectSink;
  readonly breathe: Breathe;
  written = { objects: 0, bytes: 0 };

  constructor(source: ObjectSource | undefined, sink: ObjectSink, breathe: Breathe = () => undefined) {
    this.#source = source;
    this.#sink = sink;
    this.breathe = breathe;
  }

  async write(document: object): Promise<Ref> {
    return this.writeBytes(canonicalJson(jsonOf(document)));
  }

  async writeBytes(bytes: Uint8Array): Promise<Ref> {
    const ref = refOf(bytes);
    await this.writeAs(ref, bytes);
    return ref;
  }

  async writeAs(ref: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    await this.breathe();
    await this.#sink.write(ref, bytes);
    this.written = { objects: this.written.objects + 1, bytes: this.written.bytes + ref.size };
  }

  async read<T>(ref: Ref): Promise<T> {
    return readDocument<T>(this.#before(), ref);
  }

  async readBytes(ref: Ref): Promise<Uint8Array> {
    return readObject(this.#before(), ref);
  }

  #before(): ObjectSource {
    if (this.#source === undefined) throw new Error('a first render has nothing to read');
    return this.#source;
  }
}

export async function readObject(source: ObjectSource, { digest, size }: Ref): Promise<Uint8Array> {
  const bytes = await source.read(digest);
  if (bytes === undefined) throw new SnapshotError('object-missing', `the snapshot has no object ${digest}`);
  if (bytes.length !== size || sha256(bytes) !== digest) {
    throw new SnapshotError('object-wrong', `the bytes of object ${digest} are not of that digest`);
  }
  return bytes;
}

/** What the document says is believed: it has the digest that its reader was given. */
export async function readDocument<T>(source: ObjectSource, ref: Ref): Promise<T> {
  return parseDocument<T>(ref.digest, await readObject(source, ref));
}

export function parseDocument<T>(digest: Sha256, bytes: Uint8Array): T {
  try {
    return JSON.parse(asBuffer(bytes).toString('utf8')) as T;
  } catch (cause) {
    throw new SnapshotError('object-wrong', `object ${digest} is no JSON`, { cause });
  }
}

/** Of text that somebody gave. */
export function sha256In(text: unknown): Sha256 | undefined {
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  return digest?.startsWith('sha256:') === true ? (digest as Sha256) : undefined;
}
