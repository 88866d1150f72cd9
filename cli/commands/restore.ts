import { parsePlaces } from '../../server/config.ts';
import { restore as restoreBackup, type RestoreReport } from '../../server/moving.ts';
import { textOf } from '../client-options.ts';
import { DONE, FAILED, oneWord, type Command } from '../command.ts';
import { counted } from '../counted.ts';
import { damagedLines } from '../damaged-lines.ts';
import { interruptible } from '../interruption.ts';
import { Progress } from '../progress.ts';
import { configFrom, DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { sizeText } from '../size-text.ts';

export const restore: Command = {
  usage: 'assay restore <dir> [--at <backup>] [--to <keys>,<blobs>] [--json]',
  description: `
Makes an empty store what a backup has, in whichever engines: the newest backup
of the folder, or the one of that name. Every byte is compared with its digest on
its way, and all keys at the end. It may be killed at any moment: the same
command goes on. Until it has ended, no server starts on the store.

Where it goes is what the settings say, or --to: the words of ASSAY_STORE and of
ASSAY_BLOBS with a comma between them. The log's key is put where --log-key says,
if the backup has it and no other key is there.

A log that goes on from an old backup is not the log that was published. Read
docs/moving.md before you start a server on it.

  assay restore /mnt/backups --data ./data
  assay restore /mnt/backups --at 2026-11-21T03-00-00Z \\
    --to postgres://assay@db/assay,s3://bucket/prefix`,
  options: {
    at: { type: 'string', placeholder: '<backup>', help: 'which backup [default: the newest]' },
    to: { type: 'string', placeholder: '<keys>,<blobs>', help: 'where to [default: as the settings say]' },
    'no-log-key': { type: 'boolean', help: "leave the log's key alone" },
    json: { type: 'boolean', help: 'one JSON object' },
    ...settingOptions([...DATA_SETTINGS, 'log-key']),
  },
  async run(values, words) {
    const folder = oneWord(words, 'from which folder?');
    const to = textOf(values, 'to');
    const config = { ...configFrom(values), ...(to === undefined ? {} : parsePlaces('to', to, values)) };
    const order = { config, folder, at: textOf(values, 'at'), withLogKey: values['no-log-key'] !== true };
    const progress = new Progress();
    try {
      const report = await interruptible((signal) => restoreBackup(order, { signal, ...progress.listener }));
      progress.end();
      process.stdout.write(values['json'] === true ? `${JSON.stringify(report)}\n` : text(report));
      return report.damaged.length > 0 ? FAILED : DONE;
    } finally {
      progress.end();
    }
  },
};

function text({ keys, blobs, blobBytes, damaged, backup, logKeyFile }: RestoreReport): string {
  const lines = [
    ...damagedLines(damaged),
    `Restored the backup ${backup.name}: ${counted(keys, 'key')} and ${counted(blobs, 'blob')} (${sizeText(blobBytes)}).`,
  ];
  if (backup.log !== null) {
    const { origin, key, size } = backup.log;
    lines.push(
      `The log ${origin} has ${counted(size, 'entry')}. ` +
        (logKeyFile === undefined
          ? `Bring the file of its key ${key} along, and name it with ASSAY_LOG_KEY.`
          : `Its key is in ${logKeyFile}.`),
      'If more than that was published, see docs/moving.md before you start a server.',
    );
  }
  return `${lines.join('\n')}\n`;
}
