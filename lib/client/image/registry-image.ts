import { parseDigest, sha256, digestWith, algorithmOf, type Digest } from '../../encoding/digest.ts';
import { gather } from '../../encoding/gather.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { download } from './download.ts';
import { ImageError, plain } from './image-error.ts';
import type { Described, ImageSource, Root } from './image-source.ts';
import { MANIFEST_ACCEPT, mediaTypeOf } from './media-type.ts';
import type { RegistryReference } from './registry-reference.ts';
import { RegistrySession } from './registry-session.ts';
import { withRetries } from './retry.ts';
import { mismatch } from './verified.ts';

const MAX_LISTED = 20;

/** An image in a registry. */
export class RegistryImage implements ImageSource {
  readonly label: string;
  readonly #session: RegistrySession;
  readonly #reference: string;
  readonly #signal: AbortSignal | undefined;

  constructor({ origin, host, name, reference, credentials }: RegistryReference, signal?: AbortSignal) {
    this.label = `${host}/${name}`;
    this.#session = new RegistrySession({ base: origin, name, label: `the registry ${host}`, credentials });
    this.#reference = reference;
    this.#signal = signal;
  }

  async root(): Promise<Root> {
    const found = await this.#fetchManifest(this.#reference);
    if (found === undefined) throw await this.#notFound();
    const { bytes, type } = found;
    const digest = parseDigest(this.#reference) ?? sha256(bytes);
    if (digestOf(digest, bytes) !== digest) {
      throw mismatch(digest, this.label, `the registry sends a manifest with the digest ${digestOf(digest, bytes)}`);
    }
    return { digest, bytes, mediaType: mediaTypeOf(bytes, type) };
  }

  async manifest({ digest }: Described): Promise<Buffer | undefined> {
    return (await this.#fetchManifest(digest))?.bytes;
  }

  async blob({ digest, size }: Described, signal = this.#signal): Promise<AsyncIterable<Uint8Array> | undefined> {
    return download(this.#session, { digest, size }, signal);
  }

  async close(): Promise<void> {}

  /** Again from the start where the connection broke before all of it was there. */
  async #fetchManifest(reference: string): Promise<{ bytes: Buffer; type: string | undefined } | undefined> {
    const signal = this.#signal;
    return withRetries(async () => {
      const headers = { accept: MANIFEST_ACCEPT };
      const response = await this.#session.send({
        method: 'GET',
        to: `manifests/${reference}`,
        about: reference,
        headers,
        expect: [200, 404],
        signal,
      });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      const bytes = await this.#bodyOf(response);
      // A type with parameters, or of JSON in general, says nothing that the manifest does not say itself.
      const type = response.headers.get('content-type')?.split(';')[0]?.trim();
      return { bytes, type: type?.startsWith('application/vnd.') === true ? type : undefined };
    }, signal);
  }

  async #bodyOf(response: Response): Promise<Buffer> {
    let bytes: Buffer | undefined;
    try {
      bytes = response.body === null ? Buffer.alloc(0) : await gather(response.body, MAX_MANIFEST_BYTES);
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw new ImageError('unreachable', `${this.#session.label} broke off in a manifest`, { cause });
    }
    if (bytes !== undefined) return bytes;
    throw new ImageError('manifest-invalid', `${this.label} has a manifest of more than ${MAX_MANIFEST_BYTES} bytes`);
  }

  async #notFound(): Promise<ImageError> {
    const wanted = `${this.label}${this.#reference.includes(':') ? '@' : ':'}${this.#reference}`;
    const tags = await this.#tags();
    const listed = tags.slice(0, MAX_LISTED).map((tag) => plain(tag));
    const more = tags.length > MAX_LISTED ? ', …' : '';
    const hint = tags.length === 0 ? '' : `; these tags are there: ${listed.join(', ')}${more}`;
    return new ImageError('image-not-found', `there is no image ${wanted}${hint}`, { status: 404 });
  }

  /** To say what is there instead; where that cannot be found out, the message has to do without. */
  async #tags(): Promise<string[]> {
    const to = new URL(`${this.#session.urlOf('tags/list').href}?n=${MAX_LISTED + 1}`);
    try {
      const response = await this.#session.send({ method: 'GET', to, expect: [200], signal: this.#signal });
      const bytes = await this.#bodyOf(response);
      const { tags } = JSON.parse(bytes.toString('utf8')) as { tags?: unknown };
      return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof ImageError || error instanceof SyntaxError) return [];
      throw error;
    }
  }
}

function digestOf(like: Digest, bytes: Uint8Array): Digest {
  return digestWith(algorithmOf(like), bytes);
}
