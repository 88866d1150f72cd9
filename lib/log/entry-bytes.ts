import { canonicalJson, CanonicalJsonError, type JsonValue } from '../encoding/canonical-json.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import type { NewEntry } from './appending.ts';
import type { LogEntry } from './entry.ts';
import { LogError } from './log-error.ts';

/** What the length before an entry in a bundle can say (C2SP tlog-tiles, "Log Entries"). */
export const MAX_ENTRY_BYTES = 65_535;

/** The bytes that the log keeps. */
export function entryBytes(entry: NewEntry, at: string): Buffer {
  // In this order the spread is several times faster than in the other.
  const bytes = canonicalBytes({ v: 1, ...entry, at } as unknown as JsonValue);
  if (bytes.length <= MAX_ENTRY_BYTES) return bytes;
  throw new LogError('entry-invalid', `an entry of the log has at most ${MAX_ENTRY_BYTES} bytes`);
}

function canonicalBytes(value: JsonValue): Buffer {
  try {
    return canonicalJson(value);
  } catch (cause) {
    if (cause instanceof CanonicalJsonError) throw new LogError('entry-invalid', `in an entry, ${cause.message}`);
    throw cause;
  }
}

/** What bytes of the log say, whichever type of entry that is; refused where they are not canonical JSON with a format and a time. */
export function parseEntry(bytes: Uint8Array): LogEntry {
  const value = parsed(bytes);
  const { v, at, type } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof v !== 'number' || typeof at !== 'string' || typeof type !== 'string') {
    throw new LogError('entry-invalid', 'an entry says its format (v), its time (at) and its type');
  }
  return value as unknown as LogEntry;
}

function parsed(bytes: Uint8Array): JsonValue {
  try {
    const value = JSON.parse(asBuffer(bytes).toString('utf8')) as JsonValue;
    if (Buffer.compare(canonicalJson(value), bytes) === 0) return value;
  } catch (cause) {
    throw new LogError('entry-invalid', 'an entry is canonical JSON, and this is none', { cause });
  }
  throw new LogError('entry-invalid', 'an entry is canonical JSON, and this is JSON in another form');
}
