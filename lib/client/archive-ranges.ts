import type { Sha256 } from '../encoding/digest.ts';
import type { Definition } from './definition.ts';

/** A file's bytes in the archive. */
export interface Segment {
  readonly path: string;
  readonly digest: Sha256;
  readonly start: number;
  readonly end: number;
}

/** Bytes of the archive that are fetched in one go, with the files in them in their order. */
export interface ArchiveRange {
  readonly start: number;
  readonly end: number;
  readonly segments: readonly Segment[];
}

/** What lies between two files is fetched along when it is shorter than this: a request costs more. */
const GAP = 16 * 1024;
/** Where a range is this long no further file joins it, so that there is work for several requests. */
const LONG = 4 * 1024 * 1024;

/** Where the wanted content stands in the archive, each content once, at its first place. */
export function segmentsOf(definition: Definition, wanted: ReadonlySet<Sha256>): Segment[] {
  const files = new Map(definition.tree.files.map((file) => [file.path, file]));
  const found = new Set<Sha256>();
  return definition.tree.entries.flatMap((entry, place) => {
    const file = files.get(entry.path);
    if (file === undefined || file.kind === 'link' || !wanted.has(file.digest) || found.has(file.digest)) return [];
    found.add(file.digest);
    const start = definition.index.contentStart(place);
    return [{ path: file.path, digest: file.digest, start, end: start + file.size }];
  });
}

/** Segments in the archive's order, put together with their neighbours. */
export function archiveRanges(segments: readonly Segment[]): ArchiveRange[] {
  const ranges: { start: number; end: number; segments: Segment[] }[] = [];
  for (const segment of segments) {
    const last = ranges.at(-1);
    if (last !== undefined && segment.start - last.end <= GAP && last.end - last.start < LONG) {
      last.segments.push(segment);
      last.end = segment.end;
    } else {
      ranges.push({ start: segment.start, end: segment.end, segments: [segment] });
    }
  }
  return ranges;
}
