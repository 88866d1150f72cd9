import type { Sha256 } from '../encoding/digest.ts';
import { objectPath, parsePointer, POINTER, type Pointer } from './layout.ts';
import type { ObjectSource } from './objects.ts';
import { SnapshotError } from './snapshot-error.ts';

const TRIES = 3;

/** Snapshots below an address, as readers see them. */
export class HttpObjects implements ObjectSource {
  readonly #base: string;
  readonly #signal: AbortSignal | undefined;

  constructor(address: string, signal?: AbortSignal) {
    this.#base = address.endsWith('/') ? address : `${address}/`;
    this.#signal = signal;
  }

  async pointer(): Promise<Pointer | undefined> {
    const response = await this.#get(POINTER);
    return response === undefined ? undefined : parsePointer(await response.text());
  }

  async read(digest: Sha256): Promise<Uint8Array | undefined> {
    const response = await this.#get(objectPath(digest));
    return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
  }

  async open(digest: Sha256): Promise<AsyncIterable<Uint8Array> | undefined> {
    const response = await this.#get(objectPath(digest));
    return response === undefined ? undefined : ((response.body ?? []) as AsyncIterable<Uint8Array>);
  }

  async #get(path: string): Promise<Response | undefined> {
    const url = new URL(path, this.#base);
    for (let tries = 1; ; tries += 1) {
      const response = await fetch(url, this.#signal === undefined ? {} : { signal: this.#signal });
      if (response.ok) return response;
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      if (response.status < 500 || tries === TRIES) {
        throw new SnapshotError('object-missing', `${url.href} answered ${response.status}`);
      }
    }
  }
}
