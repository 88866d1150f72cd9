import type { Bucket } from './bucket.ts';
import type { ByteBudget } from './byte-budget.ts';
import { eachAtOnce } from '../../encoding/each-at-once.ts';
import { MAX_PARTS, MIN_PART_BYTES, Multipart } from './multipart.ts';
import { sizeOf, totalOf, type Piece } from './piece.ts';
import { readObject } from './read-object.ts';
import { PART_BYTES, writeObject } from './write-object.ts';

/** How uploads are cut. Tests have smaller numbers. */
export interface Shape {
  readonly pieceBytes: number;
  /** Where there are too many pieces for one object, so many bytes of them become one piece first. */
  readonly groupBytes: number;
  readonly maxParts: number;
}

export const DEFAULT_SHAPE: Shape = { pieceBytes: PART_BYTES, groupBytes: 128 * PART_BYTES, maxParts: MAX_PARTS };

const COPIES_AT_A_TIME = 8;

/** What pieces are put together with. */
export interface Workplace {
  readonly bucket: Bucket;
  readonly budget: ByteBudget;
  readonly shape: Shape;
  readonly pieceKey: (start: number, end: number) => string;
}

/**
 * Makes an object of pieces that follow each other; inside the S3, without their bytes passing through here, where they
 * are of one size but for the last few. Returns the pieces that were made on the way.
 */
export async function compose(place: Workplace, key: string, pieces: readonly Piece[]): Promise<readonly Piece[]> {
  if (pieces.length <= place.shape.maxParts) {
    await join(place, key, pieces);
    return [];
  }
  const { row, made } = await folded(place, pieces);
  await join(place, key, row);
  return made;
}

async function join({ bucket, shape, budget }: Workplace, key: string, pieces: readonly Piece[]): Promise<void> {
  const parts = partsOf(pieces, shape);
  if (totalOf(pieces) <= shape.pieceBytes) await bucket.put(key, await bytesOf(bucket, pieces));
  else if (parts === undefined) await writeObject(bucket, key, bytesIn(bucket, pieces), budget);
  else await Multipart.write(bucket, key, (object) => fill(object, bucket, parts));
}

async function fill(object: Multipart, bucket: Bucket, parts: readonly (readonly Piece[])[]): Promise<void> {
  await eachAtOnce(COPIES_AT_A_TIME, [...parts.entries()], async ([at, part]) => {
    const [piece, ...more] = part;
    if (piece !== undefined && more.length === 0) await object.copy(at + 1, piece.key, sizeOf(piece));
    else await object.put(at + 1, await bytesOf(bucket, part));
  });
}

/** Which pieces make which part: each its own, and those at the end together. Undefined where S3 would refuse such parts. */
function partsOf(pieces: readonly Piece[], { pieceBytes }: Shape): (readonly Piece[])[] | undefined {
  const size = sizeOf(pieces[0] ?? { key: '', start: 0, end: 0 });
  const different = pieces.findIndex((piece) => sizeOf(piece) !== size);
  const alike = different < 0 ? pieces : pieces.slice(0, different);
  const last = different < 0 ? [] : pieces.slice(different);
  if (size < MIN_PART_BYTES || totalOf(last) > size || (last.length > 1 && totalOf(last) > pieceBytes))
    return undefined;
  return [...alike.map((piece) => [piece]), ...(last.length === 0 ? [] : [last])];
}

/** The same bytes in fewer pieces. Those that it is made of stay. */
async function folded(
  place: Workplace,
  pieces: readonly Piece[],
): Promise<{ readonly row: readonly Piece[]; readonly made: readonly Piece[] }> {
  const row: Piece[] = [];
  const made: Piece[] = [];
  let group: Piece[] = [];
  for (const [at, piece] of pieces.entries()) {
    group.push(piece);
    const [first = piece] = group;
    if (piece.end - first.start < place.shape.groupBytes && at < pieces.length - 1) continue;
    const whole = { key: place.pieceKey(first.start, piece.end), start: first.start, end: piece.end };
    row.push(whole);
    if (group.length > 1) {
      await join(place, whole.key, group);
      made.push(whole);
    }
    group = [];
  }
  return { row, made };
}

async function* bytesIn(bucket: Bucket, pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const { key } of pieces) yield* readObject(bucket, key);
}

/** For little at a time. */
export async function bytesOf(bucket: Bucket, pieces: readonly Piece[]): Promise<Buffer> {
  const bytes: Uint8Array[] = [];
  for await (const piece of bytesIn(bucket, pieces)) bytes.push(piece);
  return Buffer.concat(bytes);
}
