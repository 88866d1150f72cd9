import { auditLog, type AuditedLog } from '../../lib/client/log/audit-log.ts';
import { clientFrom, notice, textOf } from '../client-options.ts';
import { DONE, FAILED, refuseWords, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';
import { Progress } from '../progress.ts';

export async function verifyLog(values: Values, words: readonly string[]): Promise<number> {
  refuseWords(words);
  const [from, key, save] = ['from', 'key', 'save'].map((name) => textOf(values, name));
  const progress = new Progress();
  try {
    const audited = await interruptible((signal) =>
      auditLog({ client: clientFrom(values), from, key, save, signal, ...progress.listener }),
    );
    progress.end();
    if (key === undefined)
      notice('the key is the one that the server itself names; --key checks against one that you know');
    process.stdout.write(values['json'] === true ? `${JSON.stringify(audited)}\n` : text(audited));
    return audited.problems.length === 0 ? DONE : FAILED;
  } finally {
    progress.end();
  }
}

function text({ origin, size, root, key, from, problems }: AuditedLog): string {
  const lines = problems.map((problem) => `wrong: ${problem}`);
  lines.push(`log ${origin}, ${counted(size, 'entry')}, root ${root}`, `key ${key}`);
  if (problems.length > 0) lines.push('The log is not what it should be.');
  else if (from === undefined) lines.push('Its entries are those that are signed, and keep the rules.');
  else
    lines.push(
      `Its entries are those that are signed, keep the rules, and go on from the ${from} of the earlier checkpoint.`,
    );
  return `${printable(lines.join('\n'))}\n`;
}
