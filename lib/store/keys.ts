import { asBuffer } from '../encoding/as-buffer.ts';
import { algorithmOf, hexOf, type Algorithm, type Digest, type Sha256 } from '../encoding/digest.ts';

/**
 * Every key of the KeyedStore, and, with the ranges of them in key-ranges.ts, the only place that makes or takes apart one.
 *
 *     A <digest>                        which content has this digest of another algorithm, wherever it was pushed
 *     C <content>                       content record: how large, where the bytes are, whether they are to go
 *     D <content>                       the bytes of content of at most 64 KiB
 *     E <number>                        an entry of the log
 *     H                                 head of the log: how many entries, and the hashes that the next ones join
 *     I <number>                        a run, found by the place of its entry in the log
 *     J <time> <number> <random>        a change, for the audit: who made it, and what it was
 *     K                                 keys of the log: the one that signs, and those that did
 *     L <name>                          lease: who alone may do a thing now
 *     M <digest>                        media of runs: bytes that records name
 *     N <id>                            a run: where its record and reviews are, and its place in the log
 *     O <oid>                           which content and type has this Git object id, in whichever family
 *     P <name>                          state of publication: what is live, what is to be done
 *     R <family>                        family record: its tag rules
 *     S <number>                        a snapshot that is or was live, by the number of its publication
 *     T <level> <number>                hashes of the log's tree, 256 to a key
 *     U <uuid>                          upload session
 *     V                                 which format all of this has
 *     W <family> 00 <number>            an event that waits to be put into the log
 *     Y                                 what is being moved into this store, as long as it is not all there
 *     b <family> 00 <digest>            a blob of the family
 *     e <family> 00 <number>            an event of the family: what was published, pinned or stated, in order
 *     f <family> 00 <digest> <digest>   a referrer: subject, then the manifest that names it
 *     g <family> 00 <digest> <tag>      a tag of a manifest, found by the manifest
 *     h <family> 00 <ref>               a ref of the family's Git repository; with no name, a mark that each change renews
 *     i <family> 00                     whether a ref reached each of the family's Git objects when that was last looked at
 *     j <family> 00 <oid>               a Git object of the family
 *     k <family> 00 <oid>               a Git object that no ref reached, and since when; with no id, a mark that each removal renews
 *     l <family> 00 <oid>               a commit with which history ends, since its parents were taken away: which these were
 *     m <family> 00 <digest>            a manifest of the family
 *     p <family> 00 <pin>               a pin: the version that an operator's name stands for
 *     s <family> 00 <version>           statements on a version that were made after it was published
 *     t <family> 00 <tag>               a tag
 *     v <family> 00 <version>           a published version
 *     x <family> 00 <version>           a version that is being taken away, or that was; under its digest the version's name
 *
 * A letter is one byte; <content> is the 32 bytes of a SHA-256; <digest> is a byte for the algorithm (1 SHA-256,
 * 2 SHA-512) and its bytes; <oid> is the 20 bytes of a Git object id; <level> is one byte, <number> eight, the highest first; names,
 * tags and ids are ASCII, names of refs UTF-8. A family's name holds no 00, so that everything of one family lies together within each letter. Capital
 * letters belong to the whole store, small ones to a family.
 */
export function contentKey(content: Sha256): Buffer {
  return letterAnd('C', hexOf(content), 'hex');
}

export function aliasKey(digest: Digest): Buffer {
  return Buffer.concat([Buffer.from('A'), digestBytes(digest)]);
}

export function inlineKey(content: Sha256): Buffer {
  return letterAnd('D', hexOf(content), 'hex');
}

export function leaseKey(name: string): Buffer {
  return letterAnd('L', name, 'latin1');
}

/** Nobody's lease: it is written to see whether it can be. */
export const probeKey: Buffer = leaseKey('probe');

export function oidKey(oid: string): Buffer {
  return letterAnd('O', oid, 'hex');
}

export function familyKey(family: string): Buffer {
  return letterAnd('R', family, 'latin1');
}

export function uploadKey(id: string): Buffer {
  return letterAnd('U', id, 'latin1');
}

export function blobKey(family: string, digest: Digest): Buffer {
  return familyAndDigest('b', family, digest);
}

export function manifestKey(family: string, digest: Digest): Buffer {
  return familyAndDigest('m', family, digest);
}

export function tagKey(family: string, tag: string): Buffer {
  return Buffer.from(`t${family}\0${tag}`, 'latin1');
}

export function tagOfManifestKey(family: string, manifest: Digest, tag: string): Buffer {
  return Buffer.concat([familyAndDigest('g', family, manifest), Buffer.from(tag, 'latin1')]);
}

export function referrerKey(family: string, subject: Digest, manifest: Digest): Buffer {
  return Buffer.concat([familyAndDigest('f', family, subject), digestBytes(manifest)]);
}

export function gitObjectKey(family: string, oid: string): Buffer {
  return familyAndOid('j', family, oid);
}

/** Without an id, the mark that each removal of objects renews. */
export function unreachedKey(family: string, oid = ''): Buffer {
  return familyAndOid('k', family, oid);
}

export function historyEndKey(family: string, oid: string): Buffer {
  return familyAndOid('l', family, oid);
}

export function tidinessKey(family: string): Buffer {
  return Buffer.from(`i${family}\0`, 'latin1');
}

/** By the name of the version, or by its digest. */
export function removedKey(family: string, version: string): Buffer {
  return Buffer.from(`x${family}\0${version}`, 'latin1');
}

export function refKey(family: string, ref: string): Buffer {
  return Buffer.concat([Buffer.from(`h${family}\0`, 'latin1'), Buffer.from(ref, 'utf8')]);
}

export function logEntryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key.write('E', 0, 1, 'latin1');
  return writeNumber(key, index, 1);
}

export const logHeadKey: Buffer = Buffer.from('H');

export const logKeysKey: Buffer = Buffer.from('K');

export function logTileKey(level: number, index: number): Buffer {
  return Buffer.concat([Buffer.from('T'), Buffer.of(level), numberBytes(index)]);
}

export function mediaKey(digest: Digest): Buffer {
  return Buffer.concat([Buffer.from('M'), digestBytes(digest)]);
}

export function runKey(id: string): Buffer {
  return letterAnd('N', id, 'latin1');
}

/** Under the place of the entry by which the run was published. */
export function runPlaceKey(index: number): Buffer {
  return Buffer.concat([Buffer.from('I'), numberBytes(index)]);
}

export function publicationKey(name: string): Buffer {
  return letterAnd('P', name, 'latin1');
}

export function snapshotKey(publication: number): Buffer {
  return Buffer.concat([Buffer.from('S'), numberBytes(publication)]);
}

export function pendingEventKey(family: string, number: number): Buffer {
  return Buffer.concat([Buffer.from(`W${family}\0`, 'latin1'), numberBytes(number)]);
}

/** `count` orders what happens in one millisecond of one process; `salt` keeps processes apart. */
export function auditKey(time: number, count: number, salt: Uint8Array): Buffer {
  const rest = Buffer.alloc(4);
  rest.writeUInt32BE(count);
  return Buffer.concat([Buffer.from('J'), numberBytes(time), rest, salt]);
}

/** The first key that an entry of that time or later may have. */
export function auditSince(time: number): Buffer {
  return Buffer.concat([Buffer.from('J'), numberBytes(Math.max(0, time))]);
}

/** All of such a key but its letter, as clients name it. */
export function auditIdOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('hex', 1);
}

export function auditKeyOfId(id: string): Buffer {
  return letterAnd('J', id, 'hex');
}

export const formatKey: Buffer = Buffer.from('V');

export const movingKey: Buffer = Buffer.from('Y');

export function versionKey(family: string, version: string): Buffer {
  return Buffer.from(`v${family}\0${version}`, 'latin1');
}

export function pinKey(family: string, pin: string): Buffer {
  return Buffer.from(`p${family}\0${pin}`, 'latin1');
}

export function statementsKey(family: string, version: string): Buffer {
  return Buffer.from(`s${family}\0${version}`, 'latin1');
}

export function eventKey(family: string, number: number): Buffer {
  return Buffer.concat([Buffer.from(`e${family}\0`, 'latin1'), numberBytes(number)]);
}

export function contentOfKey(key: Uint8Array): Sha256 {
  return `sha256:${asBuffer(key).toString('hex', 1)}`;
}

/** The name behind the letter: of a family, an upload, a run or a lease. */
export function nameOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('latin1', 1);
}

/** The family behind the letter, where something else follows it. */
export function familyOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('latin1', 1, key.indexOf(0, 1));
}

/** The number that ends a key of the log or of an event. */
export function numberOfKey(key: Uint8Array): number {
  return Number(asBuffer(key).readBigUInt64BE(key.length - 8));
}

/** What stands behind the family's name, as text: a tag, a version or a pin. */
export function tagOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('latin1', key.indexOf(0, 1) + 1);
}

/** The Git object id that ends a key. */
export function oidOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('hex', key.length - OID_BYTES);
}

/** The name of a ref, empty for the mark beside the refs. */
export function refOfKey(key: Uint8Array): string {
  return asBuffer(key).toString('utf8', key.indexOf(0, 1) + 1);
}

/** The digests that stand behind the family's name, and after them the rest as text. */
export function digestsOfKey(key: Uint8Array): { digests: Digest[]; rest: string } {
  const bytes = asBuffer(key);
  const digests: Digest[] = [];
  let at = bytes.indexOf(0, 1) + 1;
  for (let algorithm = ALGORITHMS[bytes[at] ?? 0]; algorithm !== undefined; algorithm = ALGORITHMS[bytes[at] ?? 0]) {
    const end = at + 1 + DIGEST_BYTES[algorithm];
    digests.push(`${algorithm}:${bytes.toString('hex', at + 1, end)}`);
    at = end;
  }
  return { digests, rest: bytes.toString('latin1', at) };
}

/** The digest that is all of a key but its letter: of media, or another digest of content. */
export function onlyDigestOfKey(key: Uint8Array): Digest {
  return digestOfKey(Buffer.concat([Buffer.of(key[0] ?? 0, 0), key.subarray(1)]));
}

/** The one digest that ends such a key as a blob's or a manifest's. */
export function digestOfKey(key: Uint8Array): Digest {
  const digest = digestsOfKey(key).digests.at(-1);
  if (digest === undefined) throw new Error('this key names no digest');
  return digest;
}

const ALGORITHMS: readonly (Algorithm | undefined)[] = [undefined, 'sha256', 'sha512'];
const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const;
const OID_BYTES = 20;
const ALGORITHM_BYTE = { sha256: Buffer.of(1), sha512: Buffer.of(2) } as const;

function numberBytes(number: number): Buffer {
  return writeNumber(Buffer.allocUnsafe(8), number, 0);
}

function writeNumber(bytes: Buffer, number: number, at: number): Buffer {
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), at);
  bytes.writeUInt32BE(number % 2 ** 32, at + 4);
  return bytes;
}

function letterAnd(letter: string, rest: string, encoding: 'hex' | 'latin1'): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(rest, encoding));
  key.write(letter, 0, 1, 'latin1');
  key.write(rest, 1, encoding);
  return key;
}

function familyAndOid(letter: string, family: string, oid: string): Buffer {
  const key = Buffer.allocUnsafe(family.length + 2 + oid.length / 2);
  key.write(letter, 0, 1, 'latin1');
  key.write(family, 1, 'latin1');
  key[family.length + 1] = 0;
  key.write(oid, family.length + 2, 'hex');
  return key;
}

/** Also what such keys begin with that name another digest behind it. */
export function familyAndDigest(letter: string, family: string, digest: Digest): Buffer {
  const key = Buffer.allocUnsafe(family.length + 3 + DIGEST_BYTES[algorithmOf(digest)]);
  key.write(letter, 0, 1, 'latin1');
  key.write(family, 1, 'latin1');
  key[family.length + 1] = 0;
  key[family.length + 2] = digest.startsWith('sha256:') ? 1 : 2;
  key.write(hexOf(digest), family.length + 3, 'hex');
  return key;
}

function digestBytes(digest: Digest): Buffer {
  return Buffer.concat([ALGORITHM_BYTE[algorithmOf(digest)], Buffer.from(hexOf(digest), 'hex')]);
}
