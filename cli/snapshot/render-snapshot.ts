import { DirectoryObjects } from '../../lib/snapshot/directory-objects.ts';
import { render, type Rendered } from '../../lib/snapshot/render.ts';
import type { Personal } from '../../lib/scrub/scrubber.ts';
import { openExisting } from '../../server/context.ts';
import { snapshotInput, type SnapshotInput } from '../../server/snapshots.ts';
import { notice, textOf } from '../client-options.ts';
import { DONE, refuseWords, UsageError, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { Progress } from '../progress.ts';
import { configFrom } from '../setting-options.ts';
import { sizeText } from '../size-text.ts';

export async function renderSnapshot(values: Values, words: readonly string[]): Promise<number> {
  refuseWords(words);
  const out = textOf(values, 'out');
  if (out === undefined) throw new UsageError('into which folder? --out <dir>');
  const at = countIn(textOf(values, 'at'));
  const also = personalIn(textOf(values, 'scrub'));
  const context = await openExisting(configFrom(values));
  const progress = new Progress();
  try {
    const input = await snapshotInput(context);
    const options = { size: at ?? input.size, also, full: values['full'] === true, ...progress.listener };
    const { id, root, written } = await renderInto(out, input, options);
    progress.end();
    process.stdout.write(
      values['json'] === true
        ? `${JSON.stringify({ snapshot: id, log: root.log, runs: root.runs, written, scrubbed: root.scrubber.found })}\n`
        : text(out, { id, root, written }),
    );
    return DONE;
  } finally {
    progress.end();
    await context.close();
  }
}

interface IntoOptions {
  readonly size: number;
  readonly also: readonly Personal[];
  readonly full: boolean;
}

async function renderInto(
  out: string,
  { sources, checkpoint }: SnapshotInput,
  options: IntoOptions,
): Promise<Rendered> {
  const objects = await DirectoryObjects.make(out);
  const pointer = await objects.pointer();
  const before = pointer === undefined || options.full ? {} : { before: { id: pointer.snapshot, objects } };
  const rendered = await render(sources, objects, { ...options, ...before });
  const signed = await checkpoint(options.size);
  if (signed === undefined) notice("the log's key is not here, so the snapshot has no checkpoint (--log-key)");
  const named = signed === undefined ? {} : { checkpoint: signed };
  const publication = (pointer?.publication ?? 0) + 1;
  await objects.point({ format: 1, publication, snapshot: rendered.id, size: options.size, ...named });
  return rendered;
}

function countIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  throw new UsageError('--at is a number of entries');
}

function personalIn(text: string | undefined): readonly Personal[] {
  const kinds = text === undefined ? [] : text.split(',');
  if (kinds.every((kind) => kind === 'email' || kind === 'home')) return kinds;
  throw new UsageError('--scrub takes email, home, or email,home');
}

function text(out: string, { id, root, written }: Rendered): string {
  const { runs, log, scrubber } = root;
  const retracted = runs.retracted === 0 ? '' : `, ${runs.retracted} of them retracted`;
  const found = Object.entries(scrubber.found).map(([kind, count]) => `${count} ${kind}`);
  return [
    `snapshot ${id}`,
    `of ${counted(log.size, 'entry')} and ${counted(runs.count, 'run')}${retracted}`,
    `Wrote ${counted(written.objects, 'object')} (${sizeText(written.bytes)}) to ${out}.`,
    ...(found.length === 0
      ? []
      : [`Scrubbed: ${found.join(', ')}, in ${counted(scrubber.documents.count, 'document')}.`]),
    '',
  ].join('\n');
}
