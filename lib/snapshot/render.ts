import type { Sha256 } from '../encoding/digest.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import { Changes } from './changes.ts';
import { Documents, type Breathe } from './documents.ts';
import { changeFamilies } from './families-part.ts';
import { LogPart } from './log-part.ts';
import type { ObjectSink, ObjectSource } from './objects.ts';
import type { OnProgress } from './progress.ts';
import type { Rendering } from './rendering.ts';
import { NO_ROOT, readRoot } from './root.ts';
import { changeRuns } from './runs-part.ts';
import { ScrubReport } from './scrub-report.ts';
import { Scrubber, SCRUBBER_VERSION, type Personal } from '../scrub/scrubber.ts';
import { FORMAT, RENDERER_VERSION } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { LogSource, Sources } from './sources.ts';
import type { Root } from './wire.ts';

export interface RenderOptions {
  /** So many entries of the log. */
  readonly size: number;
  /** A snapshot of the same log to go on from: all of it that stays is not made again. It serves where it fits. */
  readonly before?: { readonly id: Sha256; readonly objects: ObjectSource };
  /** Runs of which a body was erased since: they are rendered again, though the log says nothing new of them. */
  readonly again?: readonly string[];
  /** What is to be scrubbed beside secrets. */
  readonly also?: readonly Personal[];
  readonly onProgress?: OnProgress;
  readonly breathe?: Breathe;
}

export interface Rendered {
  readonly id: Sha256;
  readonly root: Root;
  /** What the sink was given: all that the snapshot before had not. */
  readonly written: { readonly objects: number; readonly bytes: number };
}

/**
 * The snapshot of the first entries of a log. A pure function of them, of the bodies that they name and of what is to be
 * scrubbed: no clock, no place, no order of work and no earlier snapshot changes a byte of it. The root is written last.
 */
export async function render(sources: Sources, sink: ObjectSink, options: RenderOptions): Promise<Rendered> {
  const { size, onProgress = ignore } = options;
  const scrubber = new Scrubber(options.also);
  const before = await usableBefore(options, scrubber);
  const documents = new Documents(options.before?.objects, sink, options.breathe);
  const rendering: Rendering = { documents, bodies: sources.bodies, files: sources.files, scrubber };
  const log = await LogPart.open(documents, before.log.size, before.paths.log);
  await checkSameLog(sources.log, log);
  const changes = new Changes(sources.log, options.again);
  await addEntries(sources.log, log, changes, { ...options, onProgress });
  const report = new ScrubReport();
  const { runs, ids, pages } = await changeRuns(rendering, before, changes, report, onProgress);
  const families = await changeFamilies(rendering, before, changes, report, onProgress);
  const at = changes.at ?? before.log.at;
  const root: Root = {
    format: FORMAT,
    renderer: RENDERER_VERSION,
    log: { size, root: log.root.toString('base64'), ...(at === undefined ? {} : { at }) },
    runs,
    scrubber: { version: SCRUBBER_VERSION, also: scrubber.also, ...(await report.end(documents, before.scrubber)) },
    paths: { families, ids, pages, log: await log.end() },
  };
  const { digest } = await documents.write(root);
  return { id: digest, root, written: documents.written };
}

/**
 * Whether this release would make the same of the same entries: in the same format, with the same renderer, and scrubbed alike. Rejects where
 * the root is damaged, or of a format that is not known here.
 */
export async function isRenderedAlike(
  { id, objects }: { readonly id: Sha256; readonly objects: ObjectSource },
  also: readonly Personal[] = [],
): Promise<boolean> {
  return isMadeAlike((await readRoot(objects, id)).root, new Scrubber(also));
}

async function usableBefore({ before, size }: RenderOptions, scrubber: Scrubber): Promise<Root> {
  if (before === undefined) return NO_ROOT;
  const { root } = await readRoot(before.objects, before.id);
  return root.log.size <= size && isMadeAlike(root, scrubber) ? root : NO_ROOT;
}

function isMadeAlike({ renderer, scrubber: { version, also } }: Root, scrubber: Scrubber): boolean {
  return renderer === RENDERER_VERSION && version === SCRUBBER_VERSION && also.join() === scrubber.also.join();
}

/** The last entries that the snapshot before has are the log's as well; `verify` looks at all of them. */
async function checkSameLog(log: LogSource, { size, lastEntries }: LogPart): Promise<void> {
  let at = 0;
  for await (const bytes of log.entries(size - lastEntries.length, size)) {
    const before = lastEntries[at];
    if (before === undefined || !asBuffer(bytes).equals(before)) break;
    at += 1;
  }
  if (at < lastEntries.length) throw new SnapshotError('log-other', 'the snapshot before is of another log');
}

async function addEntries(
  log: LogSource,
  part: LogPart,
  changes: Changes,
  { size, onProgress, breathe }: RenderOptions & { readonly onProgress: OnProgress },
): Promise<void> {
  for await (const bytes of log.entries(part.size, size)) {
    await breathe?.();
    changes.add(bytes, part.size);
    await part.add(bytes);
    onProgress('entries', part.size, size);
  }
  if (part.size < size) throw new SnapshotError('log-short', `the log has ${part.size} entries, and not ${size}`);
}

function ignore(): void {}
