import { canonicalJson, CanonicalJsonError, type JsonObject } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type {
  Amendment,
  ErasureAnswer,
  ReviewRequest,
  Run,
  RunAnswer,
  RunFilter,
  RunPage,
  RunSubmission,
  RunSummary,
  StoredMedia,
} from '../record/wire.ts';
import { pathOf, type CallOptions, type PageOptions } from './assay-client.ts';
import { ClientError, isClientError } from './client-error.ts';
import { Transport, type Method, type TransportOptions } from './transport.ts';

const MAX_RECORD_BYTES = 2 * 1024 * 1024;
const FILTERS = [
  'testCase',
  'version',
  'variant',
  'model',
  'harness',
  'status',
  'reviewer',
  'search',
  'retracted',
] as const satisfies readonly (keyof RunFilter)[];

/** A server's API of runs, typed. Every method throws a ClientError; a refusal with faults has them under `about.faults`. */
export class RunClient {
  readonly transport: Transport;

  constructor(options: TransportOptions | { readonly transport: Transport }) {
    this.transport = 'transport' in options ? options.transport : new Transport(options);
  }

  /** Publishes a run with its review. The same again is `unchanged`, so it may be tried until it is answered. */
  submit(submission: RunSubmission, options: CallOptions = {}): Promise<RunAnswer> {
    return this.#write('POST', '/api/v1/runs', submission, true, options);
  }

  /** Adds a review, or edits one's own with a note. Done twice it is done once. */
  review(id: string, request: ReviewRequest, options: CallOptions = {}): Promise<RunAnswer> {
    const path = `${pathOfRun(id)}/reviews/${encodeURIComponent(request.review.reviewer)}`;
    return this.#write('PUT', path, request, true, options);
  }

  amend(id: string, amendment: Amendment, options: CallOptions = {}): Promise<RunAnswer> {
    return this.#write('POST', `${pathOfRun(id)}/amendments`, amendment, true, options);
  }

  retract(id: string, reason: string, options: CallOptions = {}): Promise<RunAnswer> {
    return this.#write('POST', `${pathOfRun(id)}/retraction`, { reason }, true, options);
  }

  /** Deletes record, reviews and media, for good. Asked again it deletes what was left. */
  async erase(id: string, reason: string, options: CallOptions = {}): Promise<ErasureAnswer> {
    return (await this.#write('POST', `${pathOfRun(id)}/erasure`, { reason }, true, options)) as ErasureAnswer;
  }

  async run(id: string, { signal }: CallOptions = {}): Promise<Run> {
    return (await this.transport.json('GET', pathOfRun(id), { signal })) as Run;
  }

  /** The record's canonical JSON, whose digest is the run's `record`. */
  record(id: string, { signal }: CallOptions = {}): Promise<Buffer> {
    return this.transport.bytes('GET', `${pathOfRun(id)}/record`, MAX_RECORD_BYTES, { signal });
  }

  async page(filter: RunFilter & PageOptions & CallOptions = {}): Promise<RunPage> {
    const params = new URLSearchParams();
    for (const name of [...FILTERS, 'n', 'last'] as const)
      if (filter[name] !== undefined) params.set(name, String(filter[name]));
    const query = params.size === 0 ? '' : `?${params.toString()}`;
    return (await this.transport.json('GET', `/api/v1/runs${query}`, { signal: filter.signal })) as RunPage;
  }

  /** Every run that the filter wants, the newest first, page after page; with `last`, those behind that place. */
  async *runs(filter: RunFilter & Pick<PageOptions, 'last'> & CallOptions = {}): AsyncGenerator<RunSummary> {
    for (let last = filter.last; ;) {
      const { runs, next } = await this.page({ ...filter, ...(last === undefined ? {} : { last }) });
      yield* runs;
      // A page that names itself as the next would never end.
      if (next === undefined || next === last) return;
      last = next;
    }
  }

  /** Whether the server has media already. */
  async hasMedia(digest: Sha256, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await (await this.transport.open('HEAD', pathOfMedia(digest), { signal })).cancel();
      return true;
    } catch (error) {
      if (isClientError(error) && error.status === 404) return false;
      throw error;
    }
  }

  /** Uploads media; its bytes are made anew for each try. */
  async putMedia(
    digest: Sha256,
    body: Uint8Array | (() => AsyncIterable<Uint8Array>),
    { signal }: CallOptions = {},
  ): Promise<StoredMedia> {
    const headers = { 'content-type': 'application/octet-stream' };
    return (await this.transport.json('PUT', pathOfMedia(digest), { headers, body, signal })) as StoredMedia;
  }

  /** Media as it comes, unchecked. */
  media(digest: Sha256, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.transport.download(pathOfMedia(digest), {}, signal);
  }

  /** What has no canonical form is refused here, with its path: no server would take it. */
  async #write(
    method: Method,
    path: string,
    body: object,
    repeatable: boolean,
    { signal }: CallOptions,
  ): Promise<RunAnswer> {
    const headers = { 'content-type': 'application/json' };
    return (await this.transport.json(method, path, { headers, body: bytesOf(body), repeatable, signal })) as RunAnswer;
  }
}

function bytesOf(body: object): Buffer {
  try {
    return canonicalJson(withoutUndefined(body));
  } catch (cause) {
    if (!(cause instanceof CanonicalJsonError)) throw cause;
    throw new ClientError('bad-record', cause.message, { about: { path: cause.path }, cause });
  }
}

/** An option that is left out is no part of what is sent. */
function withoutUndefined(body: object): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function pathOfRun(id: string): string {
  return `/api/v1/runs/${encodeURIComponent(id)}`;
}

function pathOfMedia(digest: string): string {
  return `/api/v1/media/${pathOf(digest)}`;
}
