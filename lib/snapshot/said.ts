import type { Scrubbing } from '../scrub/scrub-json.ts';
import type { Said } from './wire.ts';

export function said(scrubbing: Scrubbing, { index, at, by }: Said): Said {
  return { index, at, ...(by === undefined ? {} : { by: scrubbing.text(by) }) };
}
