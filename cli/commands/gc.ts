import { collect } from '../../lib/upkeep/collect.ts';
import type { CollectedItem, CollectReport } from '../../lib/upkeep/collection.ts';
import { actorName } from '../../server/config.ts';
import { openExisting } from '../../server/context.ts';
import { SETTINGS, WrongSetting } from '../../server/settings.ts';
import { DONE, refuseWords, UsageError, type Command } from '../command.ts';
import { Progress } from '../progress.ts';
import { configFrom, DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { counted } from '../counted.ts';
import { sizeText } from '../size-text.ts';

export const gc: Command = {
  usage: 'assay gc [--dry-run] [--untagged] [--grace <time>] [--json]',
  description: `
Removes blobs that no manifest names, media that no run names, Git objects that
no branch or tag reaches, content that nothing has, and uploads that were
abandoned. It may run while the server runs and pushes go on.

A blob is marked by the first run that finds it unnamed and removed by a later
one, when the grace period has passed and nobody has asked for it meanwhile.
The server does the same by itself every ASSAY_GC_INTERVAL.

  assay gc --dry-run            what would go
  assay gc --grace 0            remove at once, when nobody is pushing
  assay gc --untagged           manifests that no tag reaches are garbage, too`,
  options: {
    'dry-run': { type: 'boolean', help: 'tell what would be removed or marked, and change nothing' },
    untagged: { type: 'boolean', help: 'also remove manifests that no tag reaches, by name, index or subject' },
    grace: {
      type: 'string',
      placeholder: '<time>',
      help: SETTINGS['gc-grace'].help + ' [ASSAY_GC_GRACE; default 24h]',
    },
    json: { type: 'boolean', help: 'one JSON object with everything that was removed or marked' },
    ...settingOptions([...DATA_SETTINGS, 'upload-expiry', 'audit-retention']),
  },
  async run(values, positionals) {
    refuseWords(positionals);
    const config = configFrom(values);
    const graceMs = graceFrom(values['grace']) ?? config.gcGraceMs;
    const context = await openExisting(config);
    const progress = new Progress();
    const items: CollectedItem[] = [];
    try {
      const report = await collect(context.stores, context.registry, {
        graceMs,
        uploadExpiryMs: config.uploadExpiryMs,
        auditRetentionMs: config.auditRetentionMs,
        by: { address: '', name: actorName() },
        now: Date.now,
        dryRun: values['dry-run'] === true,
        untagged: values['untagged'] === true,
        ...progress.listener,
        onItem: (item) => items.push(item),
      });
      progress.end();
      process.stdout.write(values['json'] === true ? `${JSON.stringify({ ...report, items })}\n` : text(report, items));
      return DONE;
    } finally {
      progress.end();
      await context.close();
    }
  },
};

function graceFrom(text: string | boolean | undefined): number | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return SETTINGS['gc-grace'].parse(text);
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    throw new UsageError(`--grace is ${JSON.stringify(text)}; it takes ${error.message}`);
  }
}

function text(
  { dryRun, removed, marked, freedBytes, skipped }: CollectReport,
  items: readonly CollectedItem[],
): string {
  // Of Git objects there are as many as files in all versions: they are counted.
  const lines = items
    .filter(({ kind }) => kind !== 'objects')
    .map(({ action, kind, name, family, bytes }) => {
      const size = bytes === undefined ? '' : `  ${sizeText(bytes)}`;
      return `${dryRun ? `would be ${action}` : action}  ${kind.padEnd(9)}  ${name}${family === undefined ? '' : `  ${family}`}${size}`;
    });
  lines.push(...objectLines(dryRun, items));
  for (const { family, why } of skipped) lines.push(`left alone: ${family}: ${why}`);
  const verb = dryRun ? 'Would remove' : 'Removed';
  const media = removed.media === 0 ? '' : `${removed.media} of media, `;
  const objects = removed.objects === 0 ? '' : `${counted(removed.objects, 'Git object')}, `;
  lines.push(
    `${verb} ${counted(removed.blobs, 'blob')}, ${counted(removed.manifests, 'manifest')}, ${objects}${media}` +
      `${counted(removed.uploads, 'upload')} and ${counted(removed.content, 'content')} (${sizeText(freedBytes)}).`,
  );
  const marks = marked.blobs + marked.manifests + marked.objects + marked.media;
  if (marks > 0) lines.push(`${dryRun ? 'Would mark' : 'Marked'} ${marks} to be removed after the grace period.`);
  return `${lines.join('\n')}\n`;
}

/** A line for each family, and for what is done to its Git objects. */
function objectLines(dryRun: boolean, items: readonly CollectedItem[]): string[] {
  const sums = new Map<string, { count: number; bytes: number }>();
  for (const { action, kind, family, bytes = 0 } of items) {
    if (kind !== 'objects') continue;
    const name = `${dryRun ? `would be ${action}` : action}  objects    ${family}`;
    const sum = sums.get(name) ?? { count: 0, bytes: 0 };
    sums.set(name, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }
  return [...sums].map(([name, { count, bytes }]) => `${name}  ${counted(count, 'Git object')}  ${sizeText(bytes)}`);
}
