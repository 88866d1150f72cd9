import { parsePlaces } from '../../server/config.ts';
import { copy as copyStore, type CopyReport } from '../../server/moving.ts';
import { textOf } from '../client-options.ts';
import { DONE, FAILED, refuseWords, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { damagedLines } from '../damaged-lines.ts';
import { interruptible } from '../interruption.ts';
import { Progress } from '../progress.ts';
import { settingOptions } from '../setting-options.ts';
import { sizeText } from '../size-text.ts';

export const copy: Command = {
  usage: 'assay copy --from <keys>,<blobs> --to <keys>,<blobs> [--ahead] [--json]',
  description: `
Copies a store to other engines, or to another place. Each side is the words of
ASSAY_STORE and of ASSAY_BLOBS with a comma between them. Keys or blobs that are
in the same place on both sides stay there, and the others are copied.

Every blob is compared with its digest on its way, and all keys at the end. It
may be killed at any moment: the same command goes on. Until it has ended, no
server starts on the target, which has to be empty.

No server may run on the source. With --ahead it may: what there is so far is
copied, which may take long; then stop the servers and run it again without
--ahead, which copies what came since.

Open uploads and leases are left out. The key of the log and the settings are not
in the store; docs/moving.md tells how they move.

  assay copy --from lmdb:./data/store,files:./data \\
    --to postgres://assay@db/assay,s3://bucket/prefix
  assay copy --from lmdb:./data/store,files:./data \\
    --to lmdb:./data/store,s3://bucket/prefix          only the blobs`,
  options: {
    from: { type: 'string', placeholder: '<keys>,<blobs>', help: 'the store as it is, as lmdb:<dir>,files:<dir>' },
    to: { type: 'string', placeholder: '<keys>,<blobs>', help: 'where it is to be, as postgres://…,s3://…' },
    ahead: { type: 'boolean', help: 'copy what there is while servers run, and do not end' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...settingOptions(['s3-endpoint', 's3-region', 's3-path-style']),
  },
  async run(values, words) {
    refuseWords(words);
    const [from, to] = [placesIn(values, 'from'), placesIn(values, 'to')];
    const progress = new Progress();
    try {
      const report = await interruptible((signal) =>
        copyStore(from, to, values['ahead'] === true, { signal, ...progress.listener }),
      );
      progress.end();
      process.stdout.write(values['json'] === true ? `${JSON.stringify(report)}\n` : text(report));
      return report.damaged.length > 0 ? FAILED : DONE;
    } finally {
      progress.end();
    }
  },
};

function placesIn(values: Values, option: 'from' | 'to'): ReturnType<typeof parsePlaces> {
  const said = textOf(values, option);
  if (said === undefined) throw new UsageError(option === 'from' ? 'copy from where?' : 'copy to where?');
  return parsePlaces(option, said, values);
}

function text({ keys, blobs, blobBytes, written, damaged, ended, uploads, log }: CopyReport): string {
  const lines = [
    ...damagedLines(damaged),
    `Copied ${counted(keys, 'key')} and ${counted(blobs, 'blob')} (${sizeText(blobBytes)}); ${counted(written, 'blob')} had to be written.`,
  ];
  if (uploads > 0) lines.push(`Left out ${counted(uploads, 'open upload')}; their clients begin again.`);
  if (!ended) {
    lines.push('The copy has not ended: stop the servers, and run it again without --ahead.');
    return `${lines.join('\n')}\n`;
  }
  lines.push('Keys and blobs are those of the source. Do not start a server on the source again.');
  if (log !== undefined) {
    lines.push(
      `The log ${log.origin} (${counted(log.size, 'entry')}) is signed with the key ${log.key}: bring its file along, ` +
        'and name it with ASSAY_LOG_KEY.',
    );
  }
  return `${lines.join('\n')}\n`;
}
