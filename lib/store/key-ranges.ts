import type { Digest } from '../encoding/digest.ts';
import { familyAndDigest, familyKey, leaseKey, refKey } from './keys.ts';

/** Everything that begins with a prefix: from it to where it can no longer begin anything. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

export const allAliases = below(Buffer.from('A'));
export const allContent = below(Buffer.from('C'));
export const allInline = below(Buffer.from('D'));
export const allFamilies = below(Buffer.from('R'));
export const allOids = below(Buffer.from('O'));
export const allUploads = below(Buffer.from('U'));
export const allLogEntries = below(Buffer.from('E'));
export const allAudit = below(Buffer.from('J'));
export const allSnapshots: KeyRange = below(Buffer.from('S'));
export const allMedia = below(Buffer.from('M'));
export const allRuns = below(Buffer.from('N'));
export const allRunPlaces = below(Buffer.from('I'));
export const allPendingEvents = below(Buffer.from('W'));
export const allLogTiles = below(Buffer.from('T'));
/** Leases by which servers say that they run. */
export const servingLeases = below(leaseKey('serving '));
export const allEvents = below(Buffer.from('e'));
export const allPins = below(Buffer.from('p'));
export const allStatements = below(Buffer.from('s'));
export const allVersions = below(Buffer.from('v'));
export const allRemoved = below(Buffer.from('x'));

/**
 * What is moved with a store, in order, beside small content: all but leases (L), uploads (U) and the note of a move itself (Y).
 */
export const movedKeys: readonly KeyRange[] = [
  { start: Buffer.of(0), end: Buffer.from('D') },
  { start: Buffer.from('E'), end: Buffer.from('L') },
  { start: Buffer.from('M'), end: Buffer.from('U') },
  { start: Buffer.from('V'), end: Buffer.from('Y') },
  { start: Buffer.from('Z'), end: Buffer.of(0xff) },
];
export const everyKey: KeyRange = { start: Buffer.of(0), end: Buffer.of(0xff) };

/** Leases by which it is told that a family is being read. */
export function readingLeases(family: string): KeyRange {
  return below(leaseKey(`reading ${family} `));
}

/** The families whose names begin so. */
export function familiesBelow(prefix: string): KeyRange {
  return below(familyKey(prefix));
}

export function blobsOf(family: string): KeyRange {
  return of('b', family);
}

export function manifestsOf(family: string): KeyRange {
  return of('m', family);
}

export function tagsOf(family: string): KeyRange {
  return of('t', family);
}

export function tagsOfManifest(family: string, manifest: Digest): KeyRange {
  return below(familyAndDigest('g', family, manifest));
}

export function tagsByManifestOf(family: string): KeyRange {
  return of('g', family);
}

export function referrersOf(family: string, subject: Digest): KeyRange {
  return below(familyAndDigest('f', family, subject));
}

export function allReferrersOf(family: string): KeyRange {
  return of('f', family);
}

export function gitObjectsOf(family: string): KeyRange {
  return of('j', family);
}

/** With the mark of removals before them. */
export function unreachedOf(family: string): KeyRange {
  return of('k', family);
}

export function historyEndsOf(family: string): KeyRange {
  return of('l', family);
}

export function removedOf(family: string): KeyRange {
  return of('x', family);
}

export function refsOf(family: string): KeyRange {
  return of('h', family);
}

/** The branches that stand for pins. */
export function pinRefsOf(family: string): KeyRange {
  return below(refKey(family, 'refs/heads/pins/'));
}

export function versionsOf(family: string): KeyRange {
  return of('v', family);
}

export function pinsOf(family: string): KeyRange {
  return of('p', family);
}

export function statementsOf(family: string): KeyRange {
  return of('s', family);
}

export function eventsOf(family: string): KeyRange {
  return of('e', family);
}

/** The same range without the key and all that comes before it. */
export function after(range: KeyRange, key: Uint8Array): KeyRange {
  return { start: Buffer.concat([key, Buffer.alloc(1)]), end: range.end };
}

/** All that stands under a letter and a family's name. */
function of(letter: string, family: string): KeyRange {
  return below(Buffer.from(`${letter}${family}\0`, 'latin1'));
}

/** Bytes of 255 at the end cannot grow, so the end of the range is the next larger prefix before them. */
function below(prefix: Buffer): KeyRange {
  let length = prefix.length;
  while (length > 1 && prefix[length - 1] === 0xff) length -= 1;
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return { start: prefix, end };
}
