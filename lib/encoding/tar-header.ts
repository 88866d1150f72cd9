/** One file, link or folder of a canonical tar. Paths are relative, without a slash at either end. */
export type TarEntry = TarFolder | TarFile | TarLink;

export interface TarFolder {
  readonly kind: 'folder';
  readonly path: string;
  /** Git object id: it stands in for names that are too long for a header. */
  readonly oid: string;
}

export interface TarFile {
  readonly kind: 'file' | 'executable';
  readonly path: string;
  readonly oid: string;
  readonly size: number;
}

export interface TarLink {
  readonly kind: 'link';
  readonly path: string;
  readonly oid: string;
  readonly target: Uint8Array;
}

export const TAR_BLOCK = 512;

/** Octal digits that a header's size field holds: up to 8 GiB. */
const LARGEST_SIZE = 0o77777777777;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const SLASH = 0x2f;

/**
 * What stands before an entry's content: its header, and before that a pax header where something does not fit. Fields
 * are those of POSIX.1-1988 ustar, pax records those of POSIX.1-2001, and the choices those of `git archive` with a
 * umask of 0002: everything belongs to root and was changed when time began.
 */
export function tarHeader(entry: TarEntry): Buffer {
  const header = newHeader();
  const records: Buffer[] = [];
  writePath(header, entry, records);
  if (entry.kind === 'link') writeTarget(header, entry, records);
  let size = entry.kind === 'file' || entry.kind === 'executable' ? entry.size : 0;
  if (size > LARGEST_SIZE) {
    records.push(paxRecord('size', Buffer.from(String(size), 'latin1')));
    size = 0;
  }
  finishHeader(header, MODES[entry.kind], size, TYPES[entry.kind]);
  return records.length === 0 ? header : Buffer.concat([paxHeader(entry.oid, Buffer.concat(records)), header]);
}

/** Bytes of content that follow the header, without the padding. */
export function contentSize(entry: TarEntry): number {
  return entry.kind === 'file' || entry.kind === 'executable' ? entry.size : 0;
}

export function paddingOf(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

const MODES = { folder: 0o775, file: 0o664, executable: 0o775, link: 0o777 } as const;
const TYPES = { folder: '5', file: '0', executable: '0', link: '2' } as const;

const MOST_TO_SHIFT = 0xffffffff;
const SPACE = 0x20;
const CHECKSUM_AT = 148;

/** What all headers have in common, with the checksum field "filled with spaces", as the sum is taken. */
const TEMPLATE = makeTemplate();
const TEMPLATE_SUM = sumOf(TEMPLATE, 0, TAR_BLOCK);

function makeTemplate(): Buffer {
  const header = Buffer.alloc(TAR_BLOCK);
  for (const field of [108, 116, 329, 337]) writeOctal(header, field, 7, 0);
  writeOctal(header, 136, 11, 0);
  header.fill(SPACE, CHECKSUM_AT, CHECKSUM_AT + 8);
  header.write('ustar\x0000', 257, 'latin1');
  header.write('root', 265, 'latin1');
  header.write('root', 297, 'latin1');
  return header;
}

function newHeader(): Buffer {
  const header = Buffer.allocUnsafe(TAR_BLOCK);
  TEMPLATE.copy(header);
  return header;
}

/** Fills in what is left, and sums up what is not of the template: there are as many headers as files in all versions. */
function finishHeader(header: Buffer, mode: number, size: number, type: string): void {
  writeOctal(header, 100, 7, mode);
  writeOctal(header, 124, 11, size);
  header.write(type, 156, 'latin1');
  const sum =
    TEMPLATE_SUM + sumOf(header, 0, 108) + sumOf(header, 124, 135) + sumOf(header, 156, 257) + sumOf(header, 345, 500);
  header[CHECKSUM_AT + 7] = 0;
  writeOctal(header, CHECKSUM_AT, 7, sum);
}

function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 1) sum += bytes[at]!;
  return sum;
}

function writePath(header: Buffer, entry: TarEntry, records: Buffer[]): void {
  const path = Buffer.from(entry.kind === 'folder' ? `${entry.path}/` : entry.path, 'utf8');
  if (path.length <= NAME_BYTES) {
    path.copy(header, 0);
    return;
  }
  const split = prefixLength(path);
  if (split > 0 && path.length - split - 1 <= NAME_BYTES) {
    path.copy(header, 345, 0, split);
    path.copy(header, 0, split + 1);
    return;
  }
  header.write(`${entry.oid}.data`, 0, 'latin1');
  records.push(paxRecord('path', path));
}

function writeTarget(header: Buffer, { oid, target }: TarLink, records: Buffer[]): void {
  if (target.length <= NAME_BYTES) {
    header.set(target, 157);
    return;
  }
  header.write(`see ${oid}.paxheader`, 157, 'latin1');
  records.push(paxRecord('linkpath', target));
}

/** The last slash that leaves a prefix of at most 155 bytes; the slash at a folder's own end does not count. */
function prefixLength(path: Buffer): number {
  let at = path.length;
  if (path[at - 1] === SLASH) at -= 1;
  at = Math.min(at, PREFIX_BYTES);
  do at -= 1;
  while (at > 0 && path[at] !== SLASH);
  return at;
}

function paxHeader(oid: string, records: Buffer): Buffer {
  const header = newHeader();
  header.write(`${oid}.paxheader`, 0, 'latin1');
  finishHeader(header, 0o666, records.length, 'x');
  return Buffer.concat([header, records, Buffer.alloc(paddingOf(records.length))]);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Buffer {
  const rest = ` ${key}=`.length + value.length + 1;
  let length = rest + 1;
  while (rest + String(length).length > length) length += 1;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n', 'latin1')]);
}

function writeOctal(header: Buffer, at: number, digits: number, value: number): void {
  // Whole numbers of 32 bits are shifted, which is several times as fast as to divide; few files are larger.
  let digit = at + digits - 1;
  let left = value;
  for (; left > MOST_TO_SHIFT; digit -= 1) {
    header[digit] = 0x30 + (left % 8);
    left = Math.floor(left / 8);
  }
  for (; digit >= at; digit -= 1) {
    header[digit] = 0x30 | (left & 7);
    left >>>= 3;
  }
}
