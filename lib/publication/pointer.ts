import { parsePointer as parse, pointerText, type Pointer as AnyPointer } from '../snapshot/layout.ts';
import { SnapshotError } from '../snapshot/snapshot-error.ts';
import { PublicationError } from './publication-error.ts';

/** What `current` says at a target that is published to. */
export type Pointer = AnyPointer & { readonly publication: number };

export function encodePointer(pointer: Pointer): Buffer {
  return Buffer.from(pointerText(pointer));
}

/** Reads a pointer from a place that others may write to. One that nobody published came before the first publication. */
export function parsePointer(bytes: Uint8Array): Pointer {
  try {
    return { publication: 0, ...parse(Buffer.from(bytes).toString('utf8')) };
  } catch (cause) {
    if (!(cause instanceof SnapshotError)) throw cause;
    throw new PublicationError('pointer-invalid', 'what lies at the target as `current` is no pointer', { cause });
  }
}
