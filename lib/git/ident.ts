import { GitError } from './error.ts';

/** Who and when, as a commit or tag says it: `Name <email> <seconds> <zone>`. */
export interface Ident {
  readonly name: string;
  readonly email: string;
  readonly seconds: number;
  /** `+0100`: kept as written, because `-0000` and `+0000` are different bytes. */
  readonly zone: string;
}

/** The form that `git fsck --strict` asks for; a date without padding, a zone of four digits. */
const IDENT = /^([^<>\n]*) <([^<>\n]*)> (0|[1-9]\d*) ([+-]\d{4})$/;

export function parseIdent(line: string): Ident {
  const match = IDENT.exec(line);
  if (match === null)
    throw new GitError('bad-object', `malformed author, committer or tagger: "${line.slice(0, 200)}"`);
  const seconds = Number(match[3]);
  if (!Number.isSafeInteger(seconds))
    throw new GitError('bad-object', `a date out of range: ${match[3]?.slice(0, 40)}`);
  return { name: match[1]!, email: match[2]!, seconds, zone: match[4]! };
}

export function formatIdent(ident: Ident): string {
  const line = `${ident.name} <${ident.email}> ${ident.seconds} ${ident.zone}`;
  parseIdent(line);
  return line;
}
