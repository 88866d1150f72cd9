import { Scrubber } from './scrubber.ts';

const SCRUBBER = new Scrubber();

/** Kinds of the secrets in a text that is to go into the public log, where it could not be scrubbed later. */
export function secretsIn(text: string): readonly string[] {
  return Object.keys(SCRUBBER.text(text).found);
}

/** The text with a mark in place of each of them: what may be said of it. */
export function withoutSecrets(text: string): string {
  return SCRUBBER.text(text).text;
}

/** What is said of a text that holds some. It repeats none of them. */
export function secretsFound(kinds: readonly string[]): string {
  return `holds what looks like a secret (${kinds.join(', ')}): it would stand in the public log for good; say it without`;
}
