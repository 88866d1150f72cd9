import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import { keyPath } from '../encoding/key-path.ts';
import { isObject } from './field-check.ts';
import { cutPath } from './place.ts';
import type { Change } from './wire.ts';

const MOST_CHANGES = 200;
const LONGEST_TEXT = 500;

/** Where two documents differ, in the order of their names: each value that came, went or became another. */
export function changesBetween(from: JsonValue, to: JsonValue): Change[] {
  const changes: Change[] = [];
  compare(from, to, [], changes);
  return changes;
}

function compare(
  from: JsonValue | undefined,
  to: JsonValue | undefined,
  steps: (string | number)[],
  changes: Change[],
): void {
  if (changes.length >= MOST_CHANGES || from === to) return;
  if (isList(from) && isList(to)) {
    for (let at = 0; at < Math.max(from.length, to.length); at += 1) compare(from[at], to[at], [...steps, at], changes);
    return;
  }
  if (isObject(from) && isObject(to)) {
    for (const name of [...new Set([...Object.keys(from), ...Object.keys(to)])].sort())
      compare(memberOf(from, name), memberOf(to, name), [...steps, name], changes);
    return;
  }
  changes.push({
    path: cutPath(keyPath(steps)),
    ...(from === undefined ? {} : { from: shortened(from) }),
    ...(to === undefined ? {} : { to: shortened(to) }),
  });
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A change is to be seen; all of it is in the bodies. */
function shortened(value: JsonValue): JsonValue {
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : '';
  return text.length <= LONGEST_TEXT ? value : `${text.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, '')}…`;
}
