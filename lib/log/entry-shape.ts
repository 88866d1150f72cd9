import { parseDigest } from '../encoding/digest.ts';
import type { EntryFact } from './entry.ts';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const target: Check = (value) => value === null || hasShape(value, { version: isText, digest: isDigest });
const definition: Check = (value) => hasShape(value, { family: isText, version: isText, digest: isDigest });

/** What entries of each type say, so far as rules go by it. Fields that are added later may be there. */
const SHAPES: Readonly<Record<EntryFact['type'], Shape>> = {
  definition: { family: isText, version: isText, kind: isText, digest: isDigest },
  pin: { family: isText, pin: isText, from: target, to: target },
  statement: { family: isText, version: isText, kind: isText, text: isText },
  removal: { family: isText, version: isText, digest: isDigest, reason: isText },
  run: { id: isText, record: isDigest, review: isDigest, reviewer: isText, definition, status: isText },
  review: { id: isText, reviewer: isText, review: isDigest, supersedes: orNone(isDigest) },
  amend: {
    id: isText,
    record: isDigest,
    supersedes: isDigest,
    reason: isText,
    definition: orNone(definition),
    status: orNone(isText),
  },
  retract: { id: isText, reason: isText },
  erase: { id: isText, reason: isText },
};

/** The name of a field that is missing or no such thing, in an entry of a known type. */
export function wrongField(entry: object & { readonly type: string }): string | undefined {
  if (!isKnownType(entry.type)) return undefined;
  const fields = entry as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(SHAPES[entry.type]).find(([name, check]) => !check(fields[name]))?.[0];
}

function isKnownType(type: string): type is EntryFact['type'] {
  return Object.hasOwn(SHAPES, type);
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape).every(([name, check]) => check(fields[name]));
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && parseDigest(value) !== undefined;
}

function orNone(check: Check): Check {
  return (value) => value === undefined || check(value);
}
