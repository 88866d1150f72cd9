import type { Sha256 } from '../encoding/digest.ts';
import { archiveRanges, segmentsOf, type ArchiveRange, type Segment } from './archive-ranges.ts';
import type { CacheFile } from './cache-file.ts';
import { ClientError, throwIfAborted } from './client-error.ts';
import type { ContentCache } from './content-cache.ts';
import type { Definition } from './definition.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import type { Place } from './load-definition.ts';

/** `doing` is a word or two, such as `fetching`; where the whole is unknown, `of` is undefined. */
export type OnProgress = (doing: string, done: number, of: number | undefined) => void;

export interface Fetched {
  /** Files and bytes that came from the server; what was there already does not count. */
  files: number;
  bytes: number;
}

const AT_ONCE = 4;

/** Brings content of a definition from the server into the cache, as ranges of the archive. */
export async function fetchContent(
  family: string,
  definition: Definition,
  wanted: ReadonlySet<Sha256>,
  place: Place & { readonly onProgress?: OnProgress | undefined },
): Promise<Fetched> {
  throwIfAborted(place.signal);
  const segments = segmentsOf(definition, wanted);
  for (const segment of segments) if (segment.start === segment.end) await keepEmpty(segment, place.cache);
  const ranges = archiveRanges(segments.filter(({ start, end }) => start < end));
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  place.signal?.addEventListener('abort', end, { once: true });
  let done = 0;
  let failure: unknown;
  try {
    await eachAtOnce(AT_ONCE, ranges, async (range) => {
      const wantedPart = { start: range.start, end: range.end, etag: `"${definition.layer.digest}"` };
      const source = place.client.archive({ family, ref: definition.digest }, wantedPart, ending.signal);
      try {
        await split(range, counted(source), place.cache);
      } catch (error) {
        // The others are fetching for nothing now, and fail for this.
        if (!ending.signal.aborted) failure = error;
        end();
        throw failure ?? error;
      }
    });
  } finally {
    place.signal?.removeEventListener('abort', end);
  }
  throwIfAborted(place.signal);
  return { files: segments.length, bytes: total };

  async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      done += piece.length;
      place.onProgress?.('fetching', done, total);
      yield piece;
    }
  }
}

async function keepEmpty(segment: Segment, cache: ContentCache): Promise<void> {
  if (!(await (await cache.write(segment.digest)).keep())) throw wrongBytes(segment);
}

/** Cuts a range of the archive into its files, each into the cache when it is whole and right. */
async function split(range: ArchiveRange, source: AsyncIterable<Uint8Array>, cache: ContentCache): Promise<void> {
  const waiting = range.segments[Symbol.iterator]();
  let at = range.start;
  let current: { segment: Segment; file: CacheFile } | undefined;
  async function next(): Promise<void> {
    const { value: segment } = waiting.next();
    current = segment === undefined ? undefined : { segment, file: await cache.write(segment.digest) };
  }
  try {
    await next();
    for await (const piece of source) {
      const end = at + piece.length;
      while (current !== undefined && current.segment.start < end) {
        const { segment, file } = current;
        await file.append(piece.subarray(Math.max(0, segment.start - at), Math.min(piece.length, segment.end - at)));
        if (segment.end > end) break;
        if (!(await file.keep())) throw wrongBytes(segment);
        await next();
      }
      at = end;
    }
    if (current !== undefined) throw new ClientError('bad-answer', 'the archive ended before the files that it holds');
  } finally {
    await current?.file.discard();
  }
}

function wrongBytes({ path, digest }: Segment): ClientError {
  return new ClientError('wrong-bytes', `${path}: what the server sent is not ${digest}`);
}
