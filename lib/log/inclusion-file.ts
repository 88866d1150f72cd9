import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { parseEntry } from './entry-bytes.ts';
import type { LogEntry } from './entry.ts';
import { LogError } from './log-error.ts';
import { leafHash } from './tree-hash.ts';
import { decodeBase64, parseVerifierKey } from './verifier-key.ts';
import { verifyInclusion } from './verify-proof.ts';

export const INCLUSION_FORMAT = 'assay-log-inclusion-v1';

/** An entry with all that it takes to check, without any server, that the log holds it. */
export interface InclusionFile {
  readonly format: typeof INCLUSION_FORMAT;
  readonly index: number;
  /** The entry's bytes as text. */
  readonly entry: string;
  /** Hashes from the leaf to the root, in base64. */
  readonly proof: readonly string[];
  readonly checkpoint: string;
  /** Whose checkpoint it is, as the server says: worth as much as the place that it is compared with. */
  readonly verifier: string;
}

export interface CheckedInclusion {
  readonly index: number;
  readonly entry: LogEntry;
  readonly checkpoint: Checkpoint;
}

/** What such a file proves; throws where it proves nothing. With a key, the checkpoint must be signed by that one. */
export function checkInclusion(file: InclusionFile, verifier?: string): CheckedInclusion {
  const { index, entry, proof, checkpoint: note } = file;
  const checkpoint = openCheckpoint(note, parseVerifierKey(verifier ?? file.verifier));
  const bytes = Buffer.from(entry, 'utf8');
  verifyInclusion(leafHash(bytes), index, checkpoint, proof.map(hashOf));
  return { index, entry: parseEntry(bytes), checkpoint };
}

/** Reads the file's shape, and nothing more. */
export function parseInclusion(text: string): InclusionFile {
  const value = parsed(text) as Partial<Record<keyof InclusionFile, unknown>> | null;
  if (typeof value !== 'object' || value?.format !== INCLUSION_FORMAT) throw invalid(`is no ${INCLUSION_FORMAT}`);
  const { index, entry, proof, checkpoint, verifier } = value;
  const texts = [entry, checkpoint, verifier, ...(Array.isArray(proof) ? (proof as unknown[]) : [undefined])];
  if (typeof index !== 'number' || !texts.every((one) => typeof one === 'string')) throw invalid('lacks a part');
  return value as InclusionFile;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LogError('proof-invalid', 'the file with the proof is not JSON', { cause });
  }
}

function hashOf(base64: string): Buffer {
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw invalid('holds what is no base64');
  return bytes;
}

function invalid(what: string): LogError {
  return new LogError('proof-invalid', `the file with the proof ${what}`);
}
