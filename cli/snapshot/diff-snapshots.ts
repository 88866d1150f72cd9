import { diff, type Difference } from '../../lib/snapshot/diff.ts';
import { DONE, refuseWords, UsageError, type Values } from '../command.ts';
import { printableLine } from '../printable.ts';
import { openSnapshot } from './open-snapshot.ts';

const SIGNS: Readonly<Record<Difference['change'], string>> = { added: 'A', removed: 'D', changed: 'M' };

export async function diffSnapshots(values: Values, [before, after, ...others]: readonly string[]): Promise<number> {
  if (before === undefined || after === undefined) throw new UsageError('which two snapshots?');
  refuseWords(others);
  const [from, to] = await Promise.all([openSnapshot(before), openSnapshot(after)]);
  const differences: Difference[] = [];
  for await (const difference of diff(from.snapshot, to.snapshot)) {
    if (values['json'] === true) differences.push(difference);
    else process.stdout.write(`${SIGNS[difference.change]} ${printableLine(difference.path)}\n`);
  }
  const ids = { from: from.snapshot.ref.digest, to: to.snapshot.ref.digest };
  if (values['json'] === true) process.stdout.write(`${JSON.stringify({ ...ids, differences })}\n`);
  return DONE;
}
