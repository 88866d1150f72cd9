import { tmpdir } from 'node:os';
import { FileSpool } from '../../../../lib/git/file-spool.ts';
import type { Spool } from '../../../../lib/git/spool.ts';

/** Opens spools that go to a file early, and counts those that are still open. */
export class Spools {
  open = 0;
  readonly #memory: number;

  constructor(memory = 1000) {
    this.#memory = memory;
  }

  readonly openSpool = (): Spool => {
    const spool = new FileSpool(tmpdir(), this.#memory);
    const close = spool.close.bind(spool);
    this.open += 1;
    spool.close = async () => {
      this.open -= 1;
      await close();
    };
    return spool;
  };
}

/** Bytes in chunks of one size. */
export async function* chunked(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}
