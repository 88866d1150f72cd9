import { verifyBackups as verify, type BackupFault } from '../../server/moving.ts';
import { textOf } from '../client-options.ts';
import { DONE, FAILED, oneWord, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';
import { printable } from '../printable.ts';
import { Progress } from '../progress.ts';

/** Reads all bytes of one backup, or of all in a folder. */
export async function verifyBackups(values: Values, words: readonly string[]): Promise<number> {
  const folder = oneWord(words, 'of which folder?');
  const faults: BackupFault[] = [];
  const progress = new Progress();
  try {
    const verified = await interruptible((signal) =>
      verify(folder, textOf(values, 'at'), { signal, ...progress.listener, onFault: (fault) => faults.push(fault) }),
    );
    progress.end();
    const names = verified.map(({ name }) => name);
    process.stdout.write(
      values['json'] === true ? `${JSON.stringify({ verified: names, faults })}\n` : text(names, faults),
    );
    return faults.length > 0 ? FAILED : DONE;
  } finally {
    progress.end();
  }
}

function text(names: readonly string[], faults: readonly BackupFault[]): string {
  const lines = faults.map(({ backup, name, what, known }) => {
    return `error: ${backup}: ${name}: ${what}${known ? ', as it was in the store when the backup was made' : ''}`;
  });
  lines.push(
    `Read ${counted(names.length, 'backup')}. ${faults.length === 0 ? 'All is well.' : `${counted(faults.length, 'error')}.`}`,
  );
  return `${printable(lines.join('\n'))}\n`;
}
