import { gather } from '../../encoding/gather.ts';
import { Passing } from '../back-off.ts';
import { ImageError } from './image-error.ts';
import type { GraphBlob } from './image-graph.ts';
import type { ImageSource } from './image-source.ts';
import type { RegistrySession } from './registry-session.ts';
import { passing, withRetries } from './retry.ts';
import { mismatch, verified } from './verified.ts';

/** What is not larger goes in one request, which costs no more than to ask whether another family has it. */
const ONE_REQUEST = 64 * 1024;
const OCTETS = { 'content-type': 'application/octet-stream' };
const CANCEL_MS = 5_000;

export interface BlobUpload {
  readonly source: ImageSource;
  readonly family: RegistrySession;
  readonly blob: GraphBlob;
  /** How many of the blob's bytes have left; less than before where it begins again. */
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sees to it that a family has a blob. Its bytes are sent only if no family of the server has them. */
export async function uploadBlob(upload: BlobUpload): Promise<void> {
  const attempt = new Attempt(upload);
  await withRetries(
    () => attempt.run(),
    upload.signal,
    // The source has tried again itself where that made sense.
    (error) => (error === attempt.sourceError ? undefined : passing(error)),
  );
}

class Attempt {
  readonly #upload: BlobUpload;
  sourceError: unknown;

  constructor(upload: BlobUpload) {
    this.#upload = upload;
  }

  async run(): Promise<void> {
    const { blob, onSent } = this.#upload;
    onSent(0);
    if (!(await this.#isThere())) await this.#send();
    onSent(blob.size);
  }

  async #isThere(): Promise<boolean> {
    const { family, blob, signal } = this.#upload;
    const response = await family.send({
      method: 'HEAD',
      to: `blobs/${blob.digest}`,
      about: blob.digest,
      expect: [200, 404],
      signal,
    });
    await response.body?.cancel();
    if (response.status === 404) return false;
    const size = response.headers.get('content-length');
    if (size === null || Number(size) === blob.size) return true;
    throw mismatch(blob.digest, family.label, `it has ${size} bytes there and ${blob.size} in the image`);
  }

  async #send(): Promise<void> {
    const { blob } = this.#upload;
    if (blob.size <= ONE_REQUEST) {
      const bytes = await this.#bytes();
      if (bytes !== undefined) await this.#post(`digest=${blob.digest}`, [201], bytes);
      return;
    }
    // An answer that nobody waits for would leave an upload open of which nobody knows, so that it is always waited for.
    const location = await this.#post(`mount=${blob.digest}`, [201, 202]);
    if (location !== undefined) await this.#stream(location);
  }

  /** Where to send the bytes; undefined once the family has them. */
  async #post(query: string, expect: readonly number[], body?: Uint8Array): Promise<URL | undefined> {
    const { family, blob, signal } = this.#upload;
    const url = family.urlOf(`blobs/uploads/?${query}`);
    const sent = body === undefined ? {} : { body, headers: OCTETS, signal };
    const response = await family.send({ method: 'POST', to: url, about: blob.digest, expect, ...sent });
    await response.body?.cancel();
    if (response.status === 201) return undefined;
    const location = response.headers.get('location') ?? '';
    if (URL.canParse(location, url.href)) return new URL(location, url.href);
    throw new ImageError('refused', `${family.label} does not say where to send a blob`, { status: response.status });
  }

  async #stream(location: URL): Promise<void> {
    const { blob, family, signal } = this.#upload;
    const to = new URL(location);
    to.searchParams.set('digest', blob.digest);
    const headers = { ...OCTETS, 'content-length': String(blob.size) };
    try {
      signal.throwIfAborted();
      const body = await this.#open();
      if (body === undefined) return await this.#cancel(location);
      const call = { method: 'PUT', to, about: blob.digest, headers, body, long: true } as const;
      const response = await family.send({ ...call, expect: [201], signal });
      await response.body?.cancel();
    } catch (error) {
      await this.#cancel(location);
      throw this.sourceError ?? error;
    }
    return undefined;
  }

  async #bytes(): Promise<Uint8Array | undefined> {
    const source = await this.#open();
    return source === undefined ? undefined : gather(source, this.#upload.blob.size);
  }

  /** The blob's bytes, compared while they are read. Undefined: the source has none, and the image may do without. */
  async #open(): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { source, blob, signal } = this.#upload;
    try {
      const bytes = await source.blob(blob, signal);
      if (bytes !== undefined) return this.#counted(verified(bytes, blob, source.label));
      if (!blob.needed) return undefined;
      throw new ImageError('content-missing', `${source.label} lacks the blob ${blob.digest}, which the image needs`);
    } catch (error) {
      this.sourceError = error;
      throw error;
    }
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let sent = 0;
    try {
      for await (const piece of bytes) {
        yield piece;
        sent += piece.length;
        this.#upload.onSent(sent);
      }
    } catch (error) {
      // What fetch says of a body that fails has lost the reason.
      this.sourceError = error;
      throw error;
    }
  }

  /**
   * What has arrived would lie on the server until it expires. It is no harm if this fails. A server that has not yet
   * seen that the request before this one broke off says that the upload is in use.
   */
  async #cancel(to: URL): Promise<void> {
    const { family } = this.#upload;
    const signal = AbortSignal.timeout(CANCEL_MS);
    const end = async (): Promise<void> => {
      const response = await family.send({ method: 'DELETE', to, expect: [204, 404], signal });
      await response.body?.cancel();
    };
    await withRetries(end, signal, inUse).catch(() => undefined);
  }
}

function inUse(error: unknown): Passing | undefined {
  return error instanceof ImageError && error.status === 409 ? new Passing(error) : undefined;
}
