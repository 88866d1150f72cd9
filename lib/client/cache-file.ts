import { createHash } from 'node:crypto';
import { rename, rm, type FileHandle } from 'node:fs/promises';
import { digestOf, type Sha256 } from '../encoding/digest.ts';

/** Content on its way into the cache. It must be kept or discarded. */
export class CacheFile {
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #path: string;
  readonly #digest: Sha256;
  readonly #hash = createHash('sha256');
  #open = true;

  constructor(handle: FileHandle, temporary: string, path: string, digest: Sha256) {
    this.#handle = handle;
    this.#temporary = temporary;
    this.#path = path;
    this.#digest = digest;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.length;) done += (await this.#handle.write(bytes, done)).bytesWritten;
  }

  /** Gives the content its name; false where it is not what the digest says, and then nothing is kept. */
  async keep(): Promise<boolean> {
    const isRight = digestOf('sha256', this.#hash) === this.#digest;
    if (isRight) {
      await this.#close();
      await rename(this.#temporary, this.#path);
    } else {
      await this.discard();
    }
    return isRight;
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}
