import { backup as writeBackup, type BackupReport } from '../../server/moving.ts';
import { listBackups } from '../backup/list-backups.ts';
import { verifyBackups } from '../backup/verify-backups.ts';
import { textOf } from '../client-options.ts';
import { DONE, FAILED, oneWord, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { damagedLines } from '../damaged-lines.ts';
import { interruptible } from '../interruption.ts';
import { Progress } from '../progress.ts';
import { configFrom, DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { sizeText } from '../size-text.ts';

export const backup: Command = {
  usage: 'assay backup <dir> | list <dir> | verify <dir>',
  description: `
Writes a backup of the store into a folder, while servers run: all keys as they
were at one moment, and every blob that they name. Every write that was
acknowledged before is in it. What an earlier backup in the folder has is not
written again. A backup is there whole, under the time at which it began, or
not at all. Garbage is not collected meanwhile.

The log's private key is in the backup, readable for its owner alone, unless
--no-log-key leaves it out: keep the folder as you keep the key. Open uploads are
left out.

  list     shows the backups of a folder
  verify   reads every byte of them, and compares it with its digest. Exit 1
           where something is wrong

  assay backup /mnt/backups --keep 14
  assay backup list /mnt/backups
  assay backup verify /mnt/backups --at 2026-11-21T03-00-00Z`,
  options: {
    keep: { type: 'string', placeholder: '<count>', help: 'keep the newest so many backups, and remove the others' },
    'no-log-key': { type: 'boolean', help: "leave the log's private key out" },
    at: { type: 'string', placeholder: '<backup>', help: 'verify: only this one' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...settingOptions([...DATA_SETTINGS, 'log-key']),
  },
  async run(values, words) {
    const [first = '', ...rest] = words;
    if (Object.hasOwn(WORDS, first)) return WORDS[first as keyof typeof WORDS](values, rest);
    if (values['at'] !== undefined) throw new UsageError('--at goes with verify');
    return write(values, oneWord(words, 'into which folder?'));
  },
};

const WORDS = { list: listBackups, verify: verifyBackups } as const;

async function write(values: Values, folder: string): Promise<number> {
  const order = {
    config: configFrom(values),
    folder,
    withLogKey: values['no-log-key'] !== true,
    keep: keepIn(textOf(values, 'keep')),
  };
  const progress = new Progress();
  try {
    const report = await interruptible((signal) => writeBackup(order, { signal, ...progress.listener }));
    progress.end();
    process.stdout.write(values['json'] === true ? `${JSON.stringify(report)}\n` : text(report));
    return report.damaged.length > 0 ? FAILED : DONE;
  } finally {
    progress.end();
  }
}

function keepIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError('--keep is a number of backups, at least 1');
}

function text({
  name,
  keys,
  small,
  blobs,
  written,
  log,
  logKey,
  uploadsLeftOut,
  damaged,
  removed,
}: BackupReport): string {
  const lines = damagedLines(damaged);
  lines.push(
    `Backup ${name}: ${counted(keys.entries, 'key')}, ${small.count} of small content (${sizeText(small.bytes)}), ` +
      `${counted(blobs.count, 'blob')} (${sizeText(blobs.bytes)}).`,
    `Written: ${written.small} of small content and ${counted(written.blobs, 'blob')}, ${sizeText(written.bytes)} with the keys.`,
  );
  if (uploadsLeftOut > 0) lines.push(`Left out ${counted(uploadsLeftOut, 'open upload')}.`);
  if (logKey)
    lines.push(`The private key of the log ${log?.origin ?? ''} is in it: whoever reads it can sign as the log.`);
  else if (log !== null)
    lines.push(`The private key of the log ${log.origin} (${log.key}) is not in it: keep it elsewhere.`);
  for (const gone of removed) lines.push(`Removed the backup ${gone}.`);
  return `${lines.join('\n')}\n`;
}
