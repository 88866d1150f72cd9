import { asBuffer } from '../bytes.ts';
import type { Added, ContentStore, Kept } from '../../store/content-store.ts';
import type { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import { inflateWhole } from '../inflate.ts';
import type { ObjectSource, StoredObject } from '../object-source.ts';
import type { PackedObject } from '../quarantine.ts';

/** Up to this size a body is held in memory until its batch is committed; of a larger one about as much, while it is written. */
const HELD_BYTES = 1024 * 1024;
const BATCH_OBJECTS = 400;
const BATCH_BYTES = 4 * 1024 * 1024;

/** An object on its way into the store. `keep` is to be called for each try of the commit that names it. */
export interface Arrival {
  readonly object: PackedObject;
  readonly keep: () => Promise<Kept>;
}

/** Objects in batches that are small enough for one commit. No batch has the same content twice. */
export function* inBatches(objects: readonly PackedObject[]): Generator<PackedObject[]> {
  let batch: PackedObject[] = [];
  let contents = new Set<string>();
  let bytes = 0;
  for (const object of objects) {
    const held = Math.min(object.length, HELD_BYTES);
    if (batch.length >= BATCH_OBJECTS || bytes + held > BATCH_BYTES || contents.has(object.digest)) {
      yield batch;
      batch = [];
      contents = new Set();
      bytes = 0;
    }
    batch.push(object);
    contents.add(object.digest);
    bytes += held;
  }
  yield batch;
}

/** Reads what is small, and leaves what is large to be read when it is written. */
export async function arrivalsOf(
  objects: readonly PackedObject[],
  source: ObjectSource,
  content: ContentStore,
  breather: Breather,
): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  const small = objects.filter(({ length }) => length <= HELD_BYTES);
  const bodies = source.read(small.map(({ oid }) => oid))[Symbol.asyncIterator]();
  for (const object of objects) {
    const keep = object.length > HELD_BYTES ? large(object, source, content) : await held(object, bodies, content);
    arrivals.push({ object, keep });
    if (breather.due()) await breather.rest();
  }
  return arrivals;
}

async function held(
  { oid, digest, size, encoding }: PackedObject,
  bodies: AsyncIterator<StoredObject>,
  content: ContentStore,
): Promise<() => Promise<Kept>> {
  const next = await bodies.next();
  if (next.done === true || next.value.oid !== oid)
    throw new GitError('object-missing', `object ${oid} was not pushed`);
  // Memory of its own: what was read is valid only until the next object is.
  const body = await gathered(next.value.body);
  if (encoding === 'zlib' && body.length < size) {
    return () => content.add(digest, body, { encoding, size, oid });
  }
  const bare = encoding === 'zlib' ? await inflateWhole(body, size) : body;
  return () => content.add(digest, bare, { oid });
}

function large(object: PackedObject, source: ObjectSource, content: ContentStore): () => Promise<Kept> {
  const { oid, digest, size, length } = object;
  const is = object.encoding === 'zlib' ? 'zlib' : undefined;
  const encoding: Added = is === 'zlib' && length < size ? { encoding: is } : {};
  return content.adder(digest, size, (wanted) => content.write(digest, bodyOf(oid, source), size, is, wanted), {
    oid,
    ...encoding,
  });
}

async function* bodyOf(oid: string, source: ObjectSource): AsyncGenerator<Uint8Array> {
  for await (const { body } of source.read([oid])) {
    if (body instanceof Uint8Array) yield body;
    else yield* body;
  }
}

async function gathered(body: StoredObject['body']): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return asBuffer(Buffer.concat(pieces));
}
