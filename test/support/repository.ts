import type { Agent } from 'node:http';
import { header, jsonOf, nextLink, send, type Body, type Reply, type RequestOptions } from './http.ts';
import {
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageManifest,
  MEDIA,
  randomContent,
  type Algorithm,
  type Descriptor,
  type Fields,
} from './oci-content.ts';

export interface Image {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly layer: Buffer;
}

/** What the `Location` of a reply points at, with more query parameters if wanted: locations may have their own. */
export function locationOf(reply: Reply, base: string, query: Readonly<Record<string, string>> = {}): string {
  const location = header(reply, 'location');
  if (location === undefined) throw new Error(`no Location in a ${reply.status} answer`);
  const url = new URL(location, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

let made = 0;

/** A repository that no other test uses. */
export function freshRepository(server: { readonly url: string }, prefix = 'team/case'): Repository {
  made += 1;
  return new Repository(server, `${prefix}-${made}`);
}

/** The requests of the distribution specification on one repository, as plain as they are on the wire. */
export class Repository {
  readonly name: string;
  readonly #server: { readonly url: string };

  constructor(server: { readonly url: string }, name: string) {
    this.#server = server;
    this.name = name;
  }

  url(path: string): string {
    return `${this.#server.url}/v2/${this.name}/${path}`;
  }

  async send(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    return send(method, this.url(path), options);
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.send('GET', path, { headers });
  }

  async head(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.send('HEAD', path, { headers });
  }

  async delete(path: string): Promise<Reply> {
    return this.send('DELETE', path);
  }

  /** The location of a new upload. */
  async startUpload(query = ''): Promise<string> {
    const reply = await this.send('POST', `blobs/uploads/${query}`);
    return locationOf(expectStatus(reply, 202), this.url(''));
  }

  async patch(location: string, body: Body, range?: string): Promise<Reply> {
    const headers = {
      'Content-Type': 'application/octet-stream',
      ...(range === undefined ? {} : { 'Content-Range': range }),
    };
    return send('PATCH', location, { headers, body });
  }

  async close(location: string, digest: string, body?: Body, range?: string): Promise<Reply> {
    const url = new URL(location);
    url.searchParams.set('digest', digest);
    const headers = {
      'Content-Type': 'application/octet-stream',
      ...(range === undefined ? {} : { 'Content-Range': range }),
    };
    return send('PUT', url.href, { headers, ...(body === undefined ? {} : { body }) });
  }

  /** Stores bytes by POST and PUT; the digest. */
  async pushBlob(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): Promise<string> {
    const digest = digestOf(bytes, algorithm);
    expectStatus(await this.close(await this.startUpload(), digest, bytes), 201);
    return digest;
  }

  async putManifest(reference: string, bytes: Body, mediaType: string = MEDIA.manifest, agent?: Agent): Promise<Reply> {
    const headers = { 'Content-Type': mediaType };
    return this.send('PUT', `manifests/${reference}`, {
      headers,
      body: bytes,
      ...(agent === undefined ? {} : { agent }),
    });
  }

  /** A small image of its own content under a tag, or under its digest alone. */
  async pushImage(tag?: string, fields: Fields = {}): Promise<Image> {
    const layer = randomContent(200);
    await this.pushBlob(layer);
    await this.pushBlob(EMPTY_JSON);
    const bytes = imageManifest(descriptorOf(EMPTY_JSON, MEDIA.config), [descriptorOf(layer, MEDIA.layer)], fields);
    const digest = digestOf(bytes);
    expectStatus(await this.putManifest(tag ?? digest, bytes), 201);
    return { bytes, digest, layer };
  }

  async tags(query = ''): Promise<string[]> {
    const reply = expectStatus(await this.get(`tags/list${query}`), 200);
    return (jsonOf(reply) as { tags: string[] }).tags;
  }

  /** Every page of a listing, from its first address on. */
  async pages(path: string): Promise<Reply[]> {
    const pages: Reply[] = [];
    for (let url: string | undefined = this.url(path); url !== undefined;) {
      const reply = expectStatus(await send('GET', url), 200);
      pages.push(reply);
      if (pages.length > 100_000) throw new Error(`the pages of ${path} do not end`);
      const next = nextLink(reply);
      url = next === undefined ? undefined : new URL(next, url).href;
    }
    return pages;
  }

  async referrers(digest: string, query = ''): Promise<Descriptor[]> {
    const pages = await this.pages(`referrers/${digest}${query}`);
    return pages.flatMap((page) => (jsonOf(page) as { manifests: Descriptor[] }).manifests);
  }
}

/** Passes a reply on; with another status it throws with what the server said, which a bare comparison would hide. */
export function expectStatus(reply: Reply, ...statuses: number[]): Reply {
  if (statuses.includes(reply.status)) return reply;
  throw new Error(
    `expected ${statuses.join(' or ')}, was ${reply.status}: ${reply.body.toString('utf8').slice(0, 500)}`,
  );
}
