import { HASH_BYTES } from './tree-hash.ts';

/** C2SP tlog-tiles: a tile holds up to 256 hashes of subtrees of 256^level leaves; a bundle the entries under a tile of level 0. */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;

/** Six levels are more leaves than a number counts exactly. */
export const MAX_TILE_LEVEL = 6;

export interface TileName {
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

const PATH = /^(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** The path behind `tile/`: `0/x001/x234/067`, `1/000.p/12`, `entries/000`. */
export function tilePath({ level, index, width }: TileName): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return `${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Undefined for what no tile is named: every tile has one path only. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level = '', digits = '', partial] = PATH.exec(path) ?? [];
  if (level === '') return undefined;
  const name: TileName = {
    level: level === 'entries' ? level : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : Number(partial),
  };
  if (typeof name.level === 'number' && name.level >= MAX_TILE_LEVEL) return undefined;
  return Number.isSafeInteger(name.index * TILE_WIDTH) && name.width > 0 && tilePath(name) === path ? name : undefined;
}

/** How many hashes a level has in a tree of that size. */
export function levelWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** How wide a tile is in a tree of that size; 0 where it is not there. */
export function tileWidth(size: number, level: number, index: number): number {
  return Math.min(TILE_WIDTH, Math.max(0, levelWidth(size, level) - index * TILE_WIDTH));
}

/** Every tile of a tree of that size, each as wide as it is then. */
export function* tilesOf(
  size: number,
): Generator<{ readonly level: number; readonly index: number; readonly width: number }> {
  for (let level = 0; levelWidth(size, level) > 0; level += 1) {
    const tiles = Math.ceil(levelWidth(size, level) / TILE_WIDTH);
    for (let index = 0; index < tiles; index += 1) yield { level, index, width: tileWidth(size, level, index) };
  }
}

export function hashesIn(tile: Uint8Array): Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = 0; at + HASH_BYTES <= tile.length; at += HASH_BYTES) {
    hashes.push(Buffer.from(tile.subarray(at, at + HASH_BYTES)));
  }
  return hashes;
}
