import type { Sha256 } from '../../encoding/digest.ts';
import { fromSource, SourceFailed } from '../from-source.ts';
import { StoreError } from '../store-error.ts';
import type { StagedUpload, UploadStore } from '../upload-store.ts';
import type { Bucket } from './bucket.ts';
import type { ByteBudget } from './byte-budget.ts';
import { bytesOf, compose, DEFAULT_SHAPE, type Shape, type Workplace } from './compose.ts';
import { eachAtOnce } from '../../encoding/each-at-once.ts';
import { inParts, sendParts, type Part } from './parts.ts';
import { sizeOf, standingOf, totalOf, type Piece, type Standing } from './piece.ts';
import { readObject } from './read-object.ts';
import type { S3Layout } from './s3-layout.ts';

/** More small pieces than these are made one. */
const MAX_SMALL_PIECES = 64;
const DELETES_AT_A_TIME = 8;

/**
 * S3 cannot append, so an upload is a row of pieces (docs/decisions/s3.md). All but the last few have one size, so that
 * the S3 itself can put them together. No piece is ever overwritten: of two servers that go on with one upload at the same time,
 * one is refused.
 */
export class S3UploadStore implements UploadStore {
  readonly #bucket: Bucket;
  readonly #layout: S3Layout;
  readonly #budget: ByteBudget;
  readonly #shape: Shape;

  constructor(bucket: Bucket, layout: S3Layout, budget: ByteBudget, shape: Shape = DEFAULT_SHAPE) {
    this.#bucket = bucket;
    this.#layout = layout;
    this.#budget = budget;
    this.#shape = shape;
  }

  async size(id: string): Promise<number> {
    return (await this.#standing(id)).size;
  }

  async append(id: string, at: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const { pieces, size, strays } = await this.#standing(id);
    if (size !== at) throw new StoreError('failed', `an upload of ${size} bytes cannot go on at ${at}`);
    // What a crash has left behind a gap must not be taken for the rest once the gap is filled.
    await this.#delete(strays);
    const { pieceBytes } = this.#shape;
    const small = pieces.slice(pieces.findLastIndex((piece) => sizeOf(piece) >= pieceBytes) + 1);
    const missing = pieceBytes - totalOf(small);
    const parts = inParts(fromSource(source), pieceBytes, missing > 0 ? missing : pieceBytes);
    let end = at;
    const send = async ({ number, start, bytes }: Part): Promise<void> => {
      end = Math.max(end, at + start + bytes.length);
      const fits = bytes.length === missing || small.length >= MAX_SMALL_PIECES;
      if (number === 1 && small.length > 0 && fits) await this.#join(id, small, bytes);
      else await this.#create(id, at + start, bytes);
    };
    try {
      await sendParts(parts, send, this.#budget);
    } catch (error) {
      throw error instanceof SourceFailed ? error.cause : error;
    }
    return end;
  }

  async *read(id: string): AsyncGenerator<Uint8Array> {
    for (const { key } of (await this.#standing(id)).pieces) yield* readObject(this.#bucket, key);
  }

  async publish(id: string, digest: Sha256): Promise<void> {
    const { pieces, strays } = await this.#standing(id);
    if (pieces.length === 0) throw new StoreError('missing', `nothing is staged under ${id}`);
    const made = await compose(this.#workplace(id), this.#layout.blob(digest), pieces);
    // Without its beginning an upload is none. What else cannot be taken away now goes with the abandoned.
    const all = [...made, ...pieces, ...strays];
    await this.#delete(all.filter(({ start }) => start === 0));
    await this.#delete(all.filter(({ start }) => start > 0)).catch(ignore);
  }

  async discard(id: string): Promise<void> {
    const { pieces, strays } = await this.#standing(id);
    await this.#delete([...pieces, ...strays]);
  }

  async *list(): AsyncGenerator<StagedUpload> {
    let current: { readonly id: string; pieces: Piece[]; modified: number } | undefined;
    for await (const { key, modified } of this.#bucket.list(this.#layout.uploads)) {
      const found = this.#layout.pieceAt(key);
      if (found === undefined) continue;
      if (found.id !== current?.id) {
        if (current !== undefined) yield staged(current);
        current = { id: found.id, pieces: [], modified };
      }
      current.pieces.push(found.piece);
      current.modified = Math.max(current.modified, modified);
    }
    if (current !== undefined) yield staged(current);
  }

  /** A piece beside those that are there. */
  async #create(id: string, start: number, bytes: Uint8Array): Promise<void> {
    const key = this.#layout.piece(id, start, start + bytes.length);
    if (!(await this.#bucket.create(key, bytes))) throw movedOn(id);
  }

  /** One piece in place of small ones and what comes behind them. */
  async #join(id: string, small: readonly Piece[], bytes: Uint8Array): Promise<void> {
    const before = await bytesOf(this.#bucket, small).catch((error: unknown) => {
      throw error instanceof StoreError && error.code === 'missing' ? movedOn(id) : error;
    });
    await this.#create(id, small[0]?.start ?? 0, Buffer.concat([before, bytes]));
    // The longer piece counts as soon as it is there.
    await this.#delete(small).catch(ignore);
  }

  #delete(pieces: readonly Piece[]): Promise<void> {
    return eachAtOnce(DELETES_AT_A_TIME, pieces, ({ key }) => this.#bucket.delete(key));
  }

  #workplace(id: string): Workplace {
    const pieceKey = (start: number, end: number): string => this.#layout.piece(id, start, end);
    return { bucket: this.#bucket, budget: this.#budget, shape: this.#shape, pieceKey };
  }

  async #standing(id: string): Promise<Standing> {
    const found: Piece[] = [];
    for await (const { key } of this.#bucket.list(this.#layout.upload(id))) {
      const at = this.#layout.pieceAt(key);
      if (at !== undefined) found.push(at.piece);
    }
    return standingOf(found);
  }
}

function staged({ id, pieces, modified }: { id: string; pieces: readonly Piece[]; modified: number }): StagedUpload {
  return { id, size: standingOf(pieces).size, modified };
}

function movedOn(id: string): StoreError {
  return new StoreError('busy', `another server goes on with the upload ${id}`);
}

/** What is left behind here is found again by its name. */
function ignore(): void {}
