import { verify, type Verification, type VerifyOptions } from '../../lib/snapshot/verify.ts';
import { openExisting } from '../../server/context.ts';
import { snapshotInput } from '../../server/snapshots.ts';
import { notice, textOf } from '../client-options.ts';
import { DONE, FAILED, oneWord, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { printable } from '../printable.ts';
import { Progress } from '../progress.ts';
import { configFrom } from '../setting-options.ts';
import { openSnapshot } from './open-snapshot.ts';

export async function verifySnapshot(values: Values, words: readonly string[]): Promise<number> {
  const { snapshot, pointer } = await openSnapshot(oneWord(words, 'which folder or address?'));
  const key = textOf(values, 'key');
  const context = values['own-data'] === true ? await openExisting(configFrom(values)) : undefined;
  const progress = new Progress();
  try {
    const options: VerifyOptions = {
      ...(context === undefined ? {} : { sources: (await snapshotInput(context)).sources }),
      ...(pointer === undefined ? {} : { pointer }),
      ...(key === undefined ? {} : { key }),
      ...progress.listener,
    };
    const verification = await verify(snapshot, options);
    progress.end();
    if (key === undefined) notice('nobody looked who signed it; --key checks that');
    process.stdout.write(values['json'] === true ? `${JSON.stringify(verification)}\n` : text(verification));
    return verification.problems.length === 0 ? DONE : FAILED;
  } finally {
    progress.end();
    await context?.close();
  }
}

function text({ snapshot, size, objects, problems, signed, unchecked, erased }: Verification): string {
  const lines = problems.map(({ path, what }) => `wrong: ${path}: ${what}`);
  lines.push(`snapshot ${snapshot} of ${counted(size, 'entry')}, ${counted(objects, 'object')}`);
  if (unchecked > 0)
    lines.push(`${counted(unchecked, 'text')} cannot be held against the log: scrubbed, or kept back.`);
  if (erased > 0) lines.push(`${counted(erased, 'text')} were erased, as a later entry says.`);
  if (problems.length > 0) lines.push('The snapshot is not what the log makes it.');
  else
    lines.push(signed ? 'It is what the log makes it, and the log is signed.' : 'It is what the log in it makes it.');
  return `${printable(lines.join('\n'))}\n`;
}
