import { createHash } from 'node:crypto';
import type {
  EventPage,
  Family,
  FamilyEvent,
  FamilyPage,
  FileListing,
  Pin,
  PinHistory,
  PinRequest,
  Published,
  RetentionReport,
  RetentionRequest,
  PublishRequest,
  Statement,
  TreeDifference,
  Version,
  VersionPage,
} from '../definition/wire.ts';
import { digestOf } from '../encoding/digest.ts';
import type { AuditEntry, AuditPage } from '../audit/audit-entry.ts';
import type { PublicationStatus } from '../publication/wire.ts';
import type { Quota, QuotaAnswer } from '../oci/family-record.ts';
import type { TagRules } from '../oci/tag-rules.ts';
import { ClientError } from './client-error.ts';
import { checkListing, checkVersion } from './check-answer.ts';
import type { PartWanted } from './part-answer.ts';
import type { Reference } from './reference.ts';
import { Transport, type Method, type Request, type TransportOptions } from './transport.ts';

export interface PageOptions {
  /** How many at most. */
  readonly n?: number;
  /** The `next` of the page before. */
  readonly last?: string;
}

/** Of which changes the audit is to tell. */
export interface AuditOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly family?: string;
  readonly since?: string;
}

const AUDIT_QUERY = ['actor', 'action', 'family', 'since', 'n', 'last'] as const;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

const PUBLISH_STALL_MS = 10 * 60_000;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_METADATA_BYTES = 64 * 1024 * 1024;
const MANIFESTS = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';

/**
 * A server's API of definitions, typed. Names are sent as they are given; what comes back is trusted no further than its
 * shape, for whoever pulls checks the bytes. Every method throws a ClientError.
 */
export class AssayClient {
  readonly transport: Transport;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
  }

  familyPage(options: PageOptions & CallOptions & { readonly prefix?: string } = {}): Promise<FamilyPage> {
    return this.#get(`/api/v1/families${query(options, ['n', 'last', 'prefix'])}`, options);
  }

  /** Every family, page after page. */
  families(options: CallOptions & { readonly prefix?: string } = {}): AsyncGenerator<Family> {
    return eachOf(
      (page) => this.familyPage({ ...options, ...page }),
      ({ families }) => families,
    );
  }

  family(family: string, options: CallOptions = {}): Promise<Family> {
    return this.#get(`/api/v1/families/${pathOf(family)}`, options);
  }

  versionPage(family: string, options: PageOptions & CallOptions = {}): Promise<VersionPage> {
    return this.#get(`/api/v1/definitions/${pathOf(family)}${query(options, ['n', 'last'])}`, options);
  }

  /** Every version of a family, page after page. */
  versions(family: string, options: CallOptions = {}): AsyncGenerator<Version> {
    return eachOf(
      (page) => this.versionPage(family, { ...options, ...page }),
      ({ versions }) => versions,
    );
  }

  /** What a version, a pin, `latest` or a digest names now. */
  async version(of: Reference, options: CallOptions = {}): Promise<Version> {
    return checkVersion(await this.#get<unknown>(definition(of), options), of);
  }

  /** The metadata's canonical JSON: its digest is the version's `config`. */
  metadata(of: Reference, { signal }: CallOptions = {}): Promise<Buffer> {
    return this.transport.bytes('GET', `${definition(of)}/metadata`, MAX_METADATA_BYTES, { signal });
  }

  async files(of: Reference, options: CallOptions = {}): Promise<FileListing> {
    return checkListing(await this.#get<unknown>(`${definition(of)}/files`, options));
  }

  /** One file's bytes, or a range of them. */
  file(of: Reference, path: string, wanted: PartWanted = {}, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.transport.download(`${definition(of)}/files/${pathOf(path)}`, wanted, signal);
  }

  /** One file's bytes as they were published; throws `wrong-bytes` at the end where they are not. */
  async *checkedFile(of: Reference, path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { digest } = await this.version(of, { signal });
    const { files } = await this.files({ family: of.family, ref: digest }, { signal });
    const entry = files.find((one) => one.path === path);
    if (entry === undefined) {
      throw new ClientError('file-unknown', `${of.family}@${of.ref} has no file ${JSON.stringify(path)}`);
    }
    const hash = createHash('sha256');
    for await (const piece of this.file({ family: of.family, ref: digest }, path, {}, signal)) {
      hash.update(piece);
      yield piece;
    }
    if (digestOf('sha256', hash) !== entry.digest) {
      throw new ClientError('wrong-bytes', `${path} came with other bytes than ${entry.digest}`);
    }
  }

  /** The canonical tar, or a range of it. */
  archive(of: Reference, wanted: PartWanted = {}, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.transport.download(`${definition(of)}/archive`, wanted, signal);
  }

  /** The bytes that the digest is the digest of; unchecked. */
  manifest(family: string, digest: string, { signal }: CallOptions = {}): Promise<Buffer> {
    const path = `/v2/${pathOf(family)}/manifests/${pathOf(digest)}`;
    return this.transport.bytes('GET', path, MAX_MANIFEST_BYTES, { headers: { accept: MANIFESTS }, signal });
  }

  /** Says something of a version: an erratum, that it is retired, that it is not any more. */
  async state(
    of: Reference,
    statement: { readonly kind: Statement['kind']; readonly text: string },
    options: CallOptions = {},
  ): Promise<Version> {
    const answer = await this.#write<unknown>('POST', `${definition(of)}/statements`, statement, options);
    return checkVersion(answer, of);
  }

  async pins(family: string, options: CallOptions = {}): Promise<readonly Pin[]> {
    return (await this.#get<{ pins: readonly Pin[] }>(`/api/v1/pins/${pathOf(family)}`, options)).pins;
  }

  pin(family: string, pin: string, options: CallOptions = {}): Promise<PinHistory> {
    return this.#get(`/api/v1/pins/${at({ family, ref: pin })}`, options);
  }

  /** Throws `pin-moved` where the pin does not stand at `expect`. */
  movePin(family: string, pin: string, request: PinRequest, options: CallOptions = {}): Promise<Pin> {
    // Done already and done again, a move that expects something would be refused though it was made.
    const repeatable = request.expect === undefined;
    return this.#write('PUT', `/api/v1/pins/${at({ family, ref: pin })}`, request, { ...options, repeatable });
  }

  async removePin(
    family: string,
    pin: string,
    { expect }: { expect?: string } = {},
    options: CallOptions = {},
  ): Promise<void> {
    const path = `/api/v1/pins/${at({ family, ref: pin })}${query({ expect }, ['expect'])}`;
    await this.transport.json('DELETE', path, { signal: options.signal });
  }

  historyPage(family: string, options: PageOptions & CallOptions = {}): Promise<EventPage> {
    return this.#get(`/api/v1/history/${pathOf(family)}${query(options, ['n', 'last'])}`, options);
  }

  /** What happened in a family, the newest first. */
  history(family: string, options: CallOptions = {}): AsyncGenerator<FamilyEvent> {
    return eachOf(
      (page) => this.historyPage(family, { ...options, ...page }),
      ({ events }) => events,
    );
  }

  diff(from: Reference, to: Reference, options: CallOptions = {}): Promise<TreeDifference> {
    return this.#get(
      `/api/v1/diff${query({ from: `${from.family}@${from.ref}`, to: `${to.family}@${to.ref}` }, ['from', 'to'])}`,
      options,
    );
  }

  /** Which of these Git objects the family has not. */
  async missing(family: string, oids: readonly string[], options: CallOptions = {}): Promise<readonly string[]> {
    const path = `/api/v1/missing/${pathOf(family)}`;
    const answer = await this.#write<{ missing: readonly string[] }>(
      'POST',
      path,
      { oids },
      { ...options, repeatable: true },
    );
    return answer.missing;
  }

  /**
   * Publishes a tree. The pack, of the objects that the family has not, is made anew for each try; to publish the same
   * again is no harm.
   */
  async publish(
    family: string,
    version: string,
    request: PublishRequest,
    pack: (() => AsyncIterable<Uint8Array>) | undefined,
    { signal }: CallOptions = {},
  ): Promise<Published> {
    const line = Buffer.from(`${JSON.stringify(request)}\n`);
    const body = pack === undefined ? line : () => behind(line, pack());
    const headers = { 'content-type': 'application/vnd.assay.publish.v1' };
    const path = definition({ family, ref: version });
    // A large pack is judged for a while before the server says anything.
    const stallMs = PUBLISH_STALL_MS;
    return (await this.transport.json('PUT', path, { headers, body, signal, stallMs })) as Published;
  }

  publication(options: CallOptions = {}): Promise<PublicationStatus> {
    return this.#get('/api/v1/publication', options);
  }

  /** Publishes at once, also after a rollback; answers when that is done, also where the server is about to do it by itself. */
  publishNow(options: CallOptions = {}): Promise<PublicationStatus> {
    const request = { ...options, stallMs: PUBLISH_STALL_MS, repeatable: true };
    return this.#write('POST', '/api/v1/publication/now', {}, request);
  }

  /** Points readers at an earlier snapshot, and holds publication. */
  rollback(snapshot: string, options: CallOptions = {}): Promise<PublicationStatus> {
    return this.#write('POST', '/api/v1/publication/rollback', { snapshot }, options);
  }

  rules(family: string, options: CallOptions = {}): Promise<TagRules> {
    return this.#get(`/api/v1/families/${pathOf(family)}/rules`, options);
  }

  declareRules(family: string, rules: TagRules, options: CallOptions = {}): Promise<TagRules> {
    return this.#write('PUT', `/api/v1/families/${pathOf(family)}/rules`, rules, options);
  }

  /** How much a family may hold, and holds. */
  quota(family: string, options: CallOptions = {}): Promise<QuotaAnswer> {
    return this.#get(`/api/v1/families/${pathOf(family)}/quota`, options);
  }

  setQuota(family: string, quota: Quota, options: CallOptions = {}): Promise<QuotaAnswer> {
    return this.#write('PUT', `/api/v1/families/${pathOf(family)}/quota`, quota, options);
  }

  /** Which versions of a family rules would remove, or, with `apply`, what became of them. */
  retain(family: string, request: RetentionRequest, options: CallOptions = {}): Promise<RetentionReport> {
    return this.#write('POST', `/api/v1/families/${pathOf(family)}/retention`, request, options);
  }

  /** Who changed what, the newest first, page after page. */
  audit(options: AuditOptions & CallOptions = {}): AsyncGenerator<AuditEntry> {
    return eachOf<AuditPage, AuditEntry>(
      (page) => this.#get(`/api/v1/audit${query({ ...options, ...page }, AUDIT_QUERY)}`, options),
      ({ entries }) => entries,
    );
  }

  async #get<T>(path: string, { signal }: CallOptions): Promise<T> {
    return (await this.transport.json('GET', path, { signal })) as T;
  }

  async #write<T>(method: Method, path: string, body: unknown, request: Request): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return (await this.transport.json(method, path, { ...request, headers, body: JSON.stringify(body) })) as T;
  }
}

async function* behind(line: Buffer, pack: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield line;
  yield* pack;
}

/** Path of a version: `/api/v1/definitions/<family>@<ref>`. */
export function definition(of: Reference): string {
  return `/api/v1/definitions/${at(of)}`;
}

function at({ family, ref }: Reference): string {
  return `${pathOf(family)}@${pathOf(ref)}`;
}

/** Slashes stay as they are, and so does the colon of a digest. */
export function pathOf(name: string): string {
  return name
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('%3A', ':'))
    .join('/');
}

function query<T extends object>(options: T, names: readonly (keyof T & string)[]): string {
  const params = new URLSearchParams();
  for (const name of names) if (options[name] !== undefined) params.set(name, String(options[name]));
  return params.size === 0 ? '' : `?${params.toString()}`;
}

async function* eachOf<P extends { readonly next?: string }, T>(
  page: (options: PageOptions) => Promise<P>,
  items: (page: P) => readonly T[],
): AsyncGenerator<T> {
  for (let last: string | undefined; ;) {
    const one = await page(last === undefined ? {} : { last });
    yield* items(one);
    // A page that names itself as the next would never end.
    if (one.next === undefined || one.next === last) return;
    last = one.next;
  }
}
