import { canonicalJson } from '../encoding/canonical-json.ts';
import { hexOf, type Sha256 } from '../encoding/digest.ts';
import { jsonOf, sha256In } from './documents.ts';
import { SnapshotError } from './snapshot-error.ts';

/**
 * Where a snapshot's parts are, in a folder, a bucket, or below an address:
 *
 *     current         the pointer: which snapshot is shown now
 *     o/<hex>         every object, the root as well, by its SHA-256; never changed
 */
export const POINTER = 'current';
export const OBJECTS = 'o';

export function objectPath(digest: Sha256): string {
  return `${OBJECTS}/${hexOf(digest)}`;
}

/** What the pointer says; canonical JSON and a newline. */
export interface Pointer {
  readonly format: 1;
  /** One more with every publication, so that a reader can tell an old copy from a new one. */
  readonly publication?: number;
  readonly snapshot: Sha256;
  /** Entries of the log that the snapshot shows: a pointer never goes back. */
  readonly size: number;
  /**
   * The log's signed checkpoint of that size. It stands here and not in the snapshot, which is the same whoever signs:
   * a key may change, and who renders need not have it.
   */
  readonly checkpoint?: string;
}

export function pointerText(pointer: Pointer): string {
  return `${canonicalJson(jsonOf(pointer)).toString('utf8')}\n`;
}

export function parsePointer(text: string): Pointer {
  const { format, snapshot, size, checkpoint, publication } = fieldsIn(text);
  const digest = sha256In(snapshot);
  if (format !== 1 || digest === undefined || !isCount(size) || !(publication === undefined || isCount(publication))) {
    throw new SnapshotError('format-unknown', 'what stands in `current` names no snapshot');
  }
  const signed = typeof checkpoint === 'string' ? { checkpoint } : {};
  return { format, snapshot: digest, size, ...signed, ...(publication === undefined ? {} : { publication }) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function fieldsIn(text: string): Partial<Record<keyof Pointer, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Record<keyof Pointer, unknown>>;
  } catch {
    return {};
  }
}
