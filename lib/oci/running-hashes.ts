import { createHash, type Hash } from 'node:crypto';
import type { Sha256 } from '../encoding/digest.ts';

/** The SHA-256 of the first so many bytes of an upload. */
export interface RunningHash {
  readonly hash: Hash;
  bytes: number;
}

/** So many are kept; the others are computed again from what is staged. */
const MAX_KEPT = 256;

/** What this process has hashed of open uploads as it came. It only saves reading them again. */
export class RunningHashes {
  readonly #kept = new Map<string, RunningHash>();

  /** Takes out the hash of an upload's first `bytes` bytes, to go on with; undefined where it is not known. */
  take(id: string, bytes: number): RunningHash | undefined {
    const found = this.#kept.get(id);
    this.#kept.delete(id);
    if (bytes === 0) return { hash: createHash('sha256'), bytes: 0 };
    return found?.bytes === bytes ? found : undefined;
  }

  keep(id: string, running: RunningHash): void {
    this.#kept.set(id, running);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** The digest of exactly so many bytes, if it is known. */
  digest(id: string, bytes: number): Sha256 | undefined {
    const found = this.#kept.get(id);
    return found?.bytes === bytes ? `sha256:${found.hash.copy().digest('hex')}` : undefined;
  }

  forget(id: string): void {
    this.#kept.delete(id);
  }
}

/** The source, hashed as it passes. */
export async function* hashed(
  source: AsyncIterable<Uint8Array>,
  running: RunningHash | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    if (running !== undefined) {
      running.hash.update(bytes);
      running.bytes += bytes.length;
    }
    yield bytes;
  }
}
