import { asBuffer } from '../encoding/as-buffer.ts';
import type { EntryFact, LogEntry } from '../log/entry.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { sha256In } from './documents.ts';

/** An entry that a snapshot shows, with its place in the log. */
export type Placed<T extends EntryFact = EntryFact> = T & {
  readonly index: number;
  readonly at: string;
  readonly by?: string;
};

/**
 * What an entry says, or undefined where a snapshot shows nothing of it: another format, an unknown type, or not the
 * fields that its type has. A log may hold anything; every reader must come to the same.
 */
export function factIn(bytes: Uint8Array, index: number): Placed | undefined {
  let value: unknown;
  try {
    value = JSON.parse(asBuffer(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as Record<string, unknown> & LogEntry;
  const { v, at, by, type } = entry as Record<string, unknown>;
  if (v !== 1 || !isText(at) || !(by === undefined || isText(by)) || !isText(type)) return undefined;
  const holds = Object.hasOwn(FIELDS, type) ? FIELDS[type as EntryFact['type']] : undefined;
  return holds?.(entry) === true ? { ...entry, index } : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<EntryFact['type'], (entry: Fields) => boolean>> = {
  definition: ({ family, version, kind, digest, tree, commit, layer, config, image }) =>
    [family, version, kind, tree, commit].every(isText) &&
    [digest, layer, config].every(isSha256) &&
    (image === undefined || isSha256(image)),
  pin: ({ family, pin, from, to, note }) =>
    isText(family) && isText(pin) && isTarget(from) && isTarget(to) && maybe(note),
  statement: ({ family, version, kind, text }) => [family, version, kind, text].every(isText),
  removal: ({ family, version, digest, reason }) => [family, version, reason].every(isText) && isSha256(digest),
  run: ({ id, record, review, reviewer, definition, status }) =>
    [id, reviewer, status].every(isText) &&
    isSha256(record) &&
    isSha256(review) &&
    isTarget(definition) &&
    isNamed(definition),
  review: ({ id, reviewer, review, supersedes, note }) =>
    isText(id) &&
    isText(reviewer) &&
    isSha256(review) &&
    (supersedes === undefined || isSha256(supersedes)) &&
    maybe(note),
  amend: ({ id, record, supersedes, reason, definition, status }) =>
    isText(id) &&
    isSha256(record) &&
    isSha256(supersedes) &&
    isText(reason) &&
    (definition === undefined || (isTarget(definition) && isNamed(definition))) &&
    (status === undefined || isText(status)),
  retract: ({ id, reason }) => isText(id) && isText(reason),
  erase: ({ id, reason }) => isText(id) && isText(reason),
};

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isWellFormed(value);
}

function maybe(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && isWellFormed(value));
}

function isSha256(value: unknown): boolean {
  return sha256In(value) !== undefined;
}

function isTarget(value: unknown): boolean {
  if (value === null) return true;
  const { version, digest } = (typeof value === 'object' ? value : {}) as Fields;
  return isText(version) && isSha256(digest);
}

function isNamed(value: unknown): boolean {
  return isText((value as Fields | null)?.['family']);
}
