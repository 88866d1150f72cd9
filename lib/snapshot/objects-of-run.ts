import type { Sha256 } from '../encoding/digest.ts';
import { PAGE_RUNS } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { Snapshot } from './snapshot.ts';
import type { RunDocument } from './wire.ts';

/** The objects that show a run. Media may be objects of others as well; the rest is of this run, or of its page. */
export interface RunObjects {
  readonly media: readonly Sha256[];
  readonly document: Sha256;
  /** The page that has its summary, and those of other runs. */
  readonly page: Sha256;
}

/** Undefined where a snapshot shows nothing of the run: it has none such, or says that it was retracted. */
export async function objectsOfRun(snapshot: Snapshot, id: string): Promise<RunObjects | undefined> {
  const number = await snapshot.numberOf(id);
  const page = number === undefined ? undefined : await snapshot.pageRef(Math.floor(number / PAGE_RUNS));
  if (number === undefined || page === undefined) return undefined;
  const summary = (await snapshot.page(Math.floor(number / PAGE_RUNS)))?.runs[number % PAGE_RUNS];
  if (summary === undefined || summary.retracted !== undefined) return undefined;
  const media = await mediaOf(snapshot, summary.document);
  return { media, document: summary.document.digest, page: page.digest };
}

/** None where the document is gone: whoever took it away took the media before. */
async function mediaOf(snapshot: Snapshot, document: { digest: Sha256; size: number }): Promise<Sha256[]> {
  try {
    const { media = [] } = await snapshot.document<RunDocument>(document);
    return media.flatMap(({ content }) => ('object' in content ? [content.object.digest] : []));
  } catch (error) {
    if (error instanceof SnapshotError && error.code === 'object-missing') return [];
    throw error;
  }
}
