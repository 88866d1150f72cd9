import { Scrubber } from './scrubber.ts';

const SCRUBBER = new Scrubber();

/** Kinds of the secrets in a text that is to go into the public log, where it could not be scrubbed later. */
export function secretsIn(text: string): readonly string[] {
  return Object.keys(SCRUBBER.text(text).found);
}

/** What is said of a text that holds some. It repeats none of them. */
export function secretsFound(kinds: readonly string[]): string {
  return `holds what looks like a secret (${kinds.join(', ')}): it would stand in the public log for good; say it without`;
}
