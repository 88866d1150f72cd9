import type { Sha256 } from '../encoding/digest.ts';
import type { ObjectSink, ObjectSource, Ref } from './objects.ts';

/** Objects in memory: for a few, as what a render has that another has not. */
export class MemoryObjects implements ObjectSource, ObjectSink {
  readonly objects = new Map<Sha256, Uint8Array>();

  read(digest: Sha256): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.objects.get(digest));
  }

  open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.objects.get(digest);
    return Promise.resolve(bytes === undefined ? undefined : once(bytes));
  }

  async write({ digest }: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    if (bytes instanceof Uint8Array) {
      this.objects.set(digest, bytes);
      return;
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    this.objects.set(digest, Buffer.concat(pieces));
  }
}

// oxlint-disable-next-line require-await
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
