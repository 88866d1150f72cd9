import { asBuffer } from './bytes.ts';
import { GitError } from './error.ts';
import type { Oid } from './oid.ts';

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
const OID_BYTES = 20;

/**
 * Steps over the entries of a tree without making an object for each: `<octal mode> <name>\0<20 bytes of oid>`.
 * It holds only syntax; what a tree may say is the checker's business.
 */
export class TreeCursor {
  readonly bytes: Buffer;
  mode = 0;
  modeStart = 0;
  nameStart = 0;
  nameEnd = 0;
  #next = 0;

  constructor(tree: Uint8Array) {
    this.bytes = asBuffer(tree);
  }

  /** Goes to the next entry; false at the end. Throws `bad-object` where the bytes are no entry. */
  next(): boolean {
    const { bytes } = this;
    let at = this.#next;
    if (at === bytes.length) return false;
    this.modeStart = at;
    let mode = 0;
    for (; at < bytes.length && bytes[at] !== SPACE; at += 1) {
      const digit = bytes[at]!;
      if (digit < ZERO || digit > SEVEN || at - this.modeStart >= 7) throw malformed('a mode that is not octal');
      mode = mode * 8 + digit - ZERO;
    }
    if (at === this.modeStart) throw malformed('an entry without a mode');
    const end = bytes.indexOf(0, at + 1);
    if (at === bytes.length || end === -1 || end + OID_BYTES >= bytes.length)
      throw malformed('an entry that is cut off');
    this.mode = mode;
    this.nameStart = at + 1;
    this.nameEnd = end;
    this.#next = end + 1 + OID_BYTES;
    return true;
  }

  get name(): string {
    return this.bytes.toString('utf8', this.nameStart, this.nameEnd);
  }

  get oid(): Oid {
    return this.bytes.toString('hex', this.nameEnd + 1, this.nameEnd + 1 + OID_BYTES);
  }
}

function malformed(what: string): GitError {
  return new GitError('bad-object', `malformed tree: ${what}`);
}
