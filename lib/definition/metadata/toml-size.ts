import { tomlMarks } from './toml-marks.ts';

/** The parser keeps tokens, nodes and places of each, hundreds of times its size in the file. */
const MOST_VALUES = 20_000;
/** The parser hands a string's characters over as arguments, of which the stack holds not many more. */
const LONGEST_STRING = 65_536;
/** The parser calls itself for each; how deep a value may be, with its keys, is told when all is read. */
const DEEPEST_BRACKETS = 500;

/** What is more than the parser should be given, though the file is not large: it would take its time or end the stack. */
export function findTooMuch(text: string): { readonly offset: number; readonly message: string } | undefined {
  let depth = 0;
  let values = 0;
  for (const { kind, start, end } of tomlMarks(text)) {
    if (kind === '[' || kind === '{') depth += 1;
    else if (kind === ']' || kind === '}') depth -= 1;
    if (kind !== '\n' && kind !== 'string') values += 1;
    const message = tooMuch(depth, values, kind === 'string' ? end - start : 0);
    if (message !== undefined) return { offset: start, message };
  }
  return undefined;
}

function tooMuch(depth: number, values: number, length: number): string | undefined {
  if (depth > DEEPEST_BRACKETS) return 'is nested too deep';
  if (values > MOST_VALUES)
    return `is more than a metadata file may hold: about ${MOST_VALUES} keys, values and comments`;
  if (length > LONGEST_STRING) return `is longer than ${LONGEST_STRING} characters; put it into a file of its own`;
  return undefined;
}
