import { asBuffer } from './bytes.ts';
import { GitError } from './error.ts';

/** One header line of a commit or tag; a value of many lines (a signature) is given without its indents. */
export interface Header {
  readonly key: string;
  readonly value: string;
}

export interface HeadedText {
  readonly headers: readonly Header[];
  readonly message: string;
}

/** Splits a commit or tag into its headers and its message. */
export function parseHeaded(content: Uint8Array, kind: 'commit' | 'tag'): HeadedText {
  const bytes = asBuffer(content);
  const blank = bytes.indexOf('\n\n', 0, 'latin1');
  const end = blank === -1 ? bytes.length - 1 : blank;
  if (blank === -1 && bytes[bytes.length - 1] !== 0x0a)
    throw new GitError('bad-object', `${kind}: unterminated header`);
  if (bytes.subarray(0, end).includes(0)) throw new GitError('bad-object', `${kind}: NUL in header`);
  const headers: { key: string; value: string }[] = [];
  for (const line of bytes.toString('utf8', 0, end).split('\n')) {
    const last = headers.at(-1);
    if (line.startsWith(' ') && last !== undefined) last.value += `\n${line.slice(1)}`;
    else headers.push(splitHeader(line, kind));
  }
  return { headers, message: blank === -1 ? '' : bytes.toString('utf8', blank + 2) };
}

export function encodeHeaded({ headers, message }: HeadedText): Buffer {
  const lines = headers.map(({ key, value }) => `${key} ${value.replaceAll('\n', '\n ')}\n`);
  return Buffer.from(`${lines.join('')}\n${message}`, 'utf8');
}

function splitHeader(line: string, kind: string): { key: string; value: string } {
  const space = line.indexOf(' ');
  if (space < 1) throw new GitError('bad-object', `${kind}: malformed header line "${line.slice(0, 100)}"`);
  return { key: line.slice(0, space), value: line.slice(space + 1) };
}
