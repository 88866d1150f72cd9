import { hexOf, isSha256, parseDigest, type Sha256 } from '../../encoding/digest.ts';
import { pieceFrom, type Piece } from './piece.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DIGITS = 16;

/**
 * Every key of the S3 engine, below the prefix:
 *
 *     assay.json                      says that a store is here
 *     blobs/ab/abcdef…                a blob, named by the hex of its SHA-256
 *     uploads/<uuid>/<start>-<end>    some bytes of an upload that has not ended, both in 16 digits
 *     moving.json                     says that something is being moved here, as long as it is not all there
 *     probe/<uuid>                    for a moment, when a server starts
 */
export class S3Layout {
  readonly #root: string;

  constructor(prefix: string) {
    this.#root = prefix === '' ? '' : `${prefix}/`;
  }

  get marker(): string {
    return `${this.#root}assay.json`;
  }

  get mark(): string {
    return `${this.#root}moving.json`;
  }

  get blobs(): string {
    return `${this.#root}blobs/`;
  }

  get uploads(): string {
    return `${this.#root}uploads/`;
  }

  blob(digest: Sha256): string {
    const hex = hexOf(digest);
    return `${this.blobs}${hex.slice(0, 2)}/${hex}`;
  }

  probe(id: string): string {
    return `${this.#root}probe/${id}`;
  }

  /** What the keys of an upload's pieces begin with. */
  upload(id: string): string {
    return `${this.uploads}${id}/`;
  }

  piece(id: string, start: number, end: number): string {
    return `${this.upload(id)}${digits(start)}-${digits(end)}`;
  }

  /** Which blob has the key; undefined for what is none. */
  digestAt(key: string): Sha256 | undefined {
    const digest = parseDigest(`sha256:${key.slice(key.lastIndexOf('/') + 1)}`);
    return digest !== undefined && isSha256(digest) && this.blob(digest) === key ? digest : undefined;
  }

  /** Which upload and which of its bytes have the key; undefined for what is no piece. */
  pieceAt(key: string): { readonly id: string; readonly piece: Piece } | undefined {
    const [id = '', name = '', ...more] = key.slice(this.uploads.length).split('/');
    const piece = pieceFrom(key, name);
    return UUID.test(id) && more.length === 0 && piece !== undefined ? { id, piece } : undefined;
  }
}

function digits(place: number): string {
  return String(place).padStart(DIGITS, '0');
}
