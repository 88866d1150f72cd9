import { StoreError } from '../store-error.ts';
import type { Bucket } from './bucket.ts';
import type { ByteBudget } from './byte-budget.ts';
import { MAX_PARTS, Multipart } from './multipart.ts';
import { inParts, sendParts, type Part } from './parts.ts';

/** Up to here an object is one request. R2 wants all parts to be of one size, which bounds a stream to 80 GiB. */
export const PART_BYTES = 8 * 1024 * 1024;

/** Makes an object of whatever a source brings. Where the source fails, or sending does, everything is as it was before. */
export async function writeObject(
  bucket: Bucket,
  key: string,
  source: AsyncIterable<Uint8Array>,
  budget: ByteBudget,
): Promise<void> {
  const parts = inParts(source, PART_BYTES);
  try {
    const [first, second] = [await nextOf(parts), await nextOf(parts)];
    if (first === undefined || second === undefined) await bucket.put(key, first?.bytes ?? Buffer.alloc(0));
    else await Multipart.write(bucket, key, (object) => sendAll(object, thenRest([first, second], parts), budget));
  } finally {
    await parts.return(undefined);
  }
}

function sendAll(object: Multipart, parts: AsyncIterable<Part>, budget: ByteBudget): Promise<void> {
  async function send({ number, bytes }: Part): Promise<void> {
    if (number > MAX_PARTS) throw new StoreError('failed', `a stream has more than ${MAX_PARTS} parts`);
    await object.put(number, bytes);
  }
  return sendParts(parts, send, budget);
}

async function nextOf(parts: AsyncGenerator<Part>): Promise<Part | undefined> {
  const { value, done } = await parts.next();
  return done === true ? undefined : value;
}

async function* thenRest(first: readonly Part[], rest: AsyncIterable<Part>): AsyncGenerator<Part> {
  yield* first;
  yield* rest;
}
