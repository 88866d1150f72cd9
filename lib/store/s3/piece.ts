/** An object that holds the bytes of an upload from `start` to `end`. It is written once and never overwritten. */
export interface Piece {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const NAME = /^(\d{16})-(\d{16})$/;

export function pieceFrom(key: string, name: string): Piece | undefined {
  const found = NAME.exec(name);
  const [start, end] = [Number(found?.[1]), Number(found?.[2])];
  return start < end ? { key, start, end } : undefined;
}

export function sizeOf({ start, end }: Piece): number {
  return end - start;
}

export function totalOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
}

/** What the pieces of an upload amount to. */
export interface Standing {
  /** Those that make up the upload from its beginning, without gap or overlap. */
  readonly pieces: readonly Piece[];
  readonly size: number;
  /** Others: behind a gap that a crash has left, or covered by a longer one that was made of them. */
  readonly strays: readonly Piece[];
}

/** Of several pieces that begin at one place the longest counts, since it was made of the others. */
export function standingOf(found: readonly Piece[]): Standing {
  const pieces: Piece[] = [];
  const strays: Piece[] = [];
  let size = 0;
  for (const piece of [...found].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (piece.start !== size) strays.push(piece);
    else {
      pieces.push(piece);
      size = piece.end;
    }
  }
  return { pieces, size, strays };
}
