import type { Documents } from './documents.ts';
import type { Scrubber } from '../scrub/scrubber.ts';
import type { BodySource, FileSource } from './sources.ts';

/** What every part of a render needs. */
export interface Rendering {
  readonly documents: Documents;
  readonly bodies: BodySource;
  readonly files: FileSource;
  readonly scrubber: Scrubber;
}
