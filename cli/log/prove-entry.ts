import { checkInclusionFile, proveInclusion, type CheckedInclusion } from '../../lib/client/log/inclusion.ts';
import { clientFrom, notice, textOf } from '../client-options.ts';
import { DONE, oneWord, type Values } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';

/** Writes an entry with its proof to a file. */
export async function proveEntry(values: Values, words: readonly string[]): Promise<number> {
  const of = oneWord(words, 'of which entry, or of which run?');
  const out = textOf(values, 'out') ?? `${of.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.proof.json`;
  const key = textOf(values, 'key');
  const checked = await interruptible((signal) => proveInclusion({ client: clientFrom(values), of, out, key, signal }));
  print(values, checked, { file: out }, `${out} proves it.`);
  return DONE;
}

/** Checks such a file, without a server. */
export async function checkEntry(values: Values, words: readonly string[]): Promise<number> {
  const file = oneWord(words, 'which file?');
  const key = textOf(values, 'key');
  const checked = await checkInclusionFile(file, key);
  if (key === undefined)
    notice('the key is the one that the file itself names; --key checks against one that you know');
  print(values, checked, { file }, 'The proof holds.');
  return DONE;
}

function print(values: Values, { index, entry, checkpoint }: CheckedInclusion, more: object, verdict: string): void {
  const { origin, size } = checkpoint;
  if (values['json'] === true) {
    process.stdout.write(`${JSON.stringify({ ...more, origin, size, index, entry })}\n`);
    return;
  }
  const said = `${JSON.stringify(entry)}\nis entry ${index} of ${size} in the log ${origin}.\n${verdict}\n`;
  process.stdout.write(printable(said));
}
