import { isUtf8 } from 'node:buffer';
import { ParseError, parseTOML, type AST } from 'toml-eslint-parser';
import { asBuffer } from '../../encoding/as-buffer.ts';
import type { FaultList } from './fault-list.ts';
import { syntaxPlace } from './syntax-place.ts';
import { TomlReader } from './toml-reader.ts';
import { findTooMuch } from './toml-size.ts';
import type { TomlTable } from './toml-node.ts';

const LARGEST_FILE = 1024 * 1024;

/** What the file says, with the place of everything; nothing where it is not TOML. */
export function parseToml(bytes: Uint8Array, faults: FaultList): TomlTable | undefined {
  const text = textOf(asBuffer(bytes), faults);
  const program = text === undefined ? undefined : programOf(text, faults);
  return program && new TomlReader(faults).table(program);
}

function textOf(bytes: Buffer, faults: FaultList): string | undefined {
  if (bytes.length > LARGEST_FILE) {
    faults.addOfFile(`has more than ${LARGEST_FILE} bytes; put long texts into files of their own`);
  } else if (bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf))) {
    faults.addOfFile('begins with a byte order mark; save it as UTF-8 without one', 1);
  } else if (!isUtf8(bytes)) {
    faults.addOfFile('is not UTF-8', brokenLine(bytes));
  } else {
    return bytes.toString('utf8');
  }
  return undefined;
}

/** No character of several bytes holds a line feed, so lines can be looked at one by one. */
function brokenLine(bytes: Buffer): number {
  for (let line = 1, start = 0; ; line += 1) {
    const feed = bytes.indexOf(0x0a, start);
    if (feed === -1 || !isUtf8(bytes.subarray(start, feed))) return line;
    start = feed + 1;
  }
}

function programOf(text: string, faults: FaultList): AST.TOMLProgram | undefined {
  const obstacle = findTooMuch(text) ?? findLoneReturn(text);
  if (obstacle !== undefined) {
    faults.add(syntaxPlace(text, obstacle.offset), obstacle.message);
    return undefined;
  }
  try {
    return parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    if (error instanceof ParseError) faults.add(syntaxPlace(text, error.index), `is not TOML: ${error.message}`);
    else faults.addOfFile('is not TOML that can be read');
    return undefined;
  }
}

/** The parser would take it for a line end, and make one of it in a string. */
function findLoneReturn(text: string): { readonly offset: number; readonly message: string } | undefined {
  const offset = text.search(/\r(?!\n)/);
  return offset === -1 ? undefined : { offset, message: 'is not TOML: A carriage return without a line feed' };
}
