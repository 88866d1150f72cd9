import { parseDigest } from '../../encoding/digest.ts';
import { isFamily, isTag } from '../../oci/name.ts';
import { ImageError, plain } from './image-error.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** One image in a registry. */
export interface RegistryReference {
  readonly origin: string;
  /** As the user wrote it, for messages. */
  readonly host: string;
  readonly name: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly credentials?: Credentials;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const LOGIN = /^([^@]*)@(.*)$/s;
/** Docker's names of its own registry stand for this host, and a name of one part for one in `library/`. */
const DOCKER_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const DOCKER_API = 'registry-1.docker.io';

/** Reads `[user:password@]<host>/<name>[:tag][@digest]`. */
export function parseRegistryReference(text: string): RegistryReference {
  const slash = text.indexOf('/');
  if (slash < 0) throw unreadable(text, 'it names no registry, as docker.io/library/alpine:3 does');
  const login = LOGIN.exec(text.slice(0, slash));
  const host = login === null ? text.slice(0, slash) : (login[2] ?? '');
  if (!HOST.test(host)) throw unreadable(text, 'what stands before the first slash is no host');
  if (!/[.:]/.test(host) && host !== 'localhost') {
    throw unreadable(text, `${host} is no registry; write docker.io/${text.slice(slash - host.length)} for Docker's`);
  }
  const { name, reference } = parsePath(text, text.slice(slash + 1), DOCKER_HOSTS.has(host));
  const credentials = login === null ? undefined : parseLogin(text, login[1] ?? '');
  const api = DOCKER_HOSTS.has(host) ? DOCKER_API : host;
  const origin = `${isLoopback(host) ? 'http' : 'https'}://${api}`;
  return { origin, host, name, reference, ...(credentials === undefined ? {} : { credentials }) };
}

/** A registry on the same machine has no certificate; what is sent to it cannot be read on the way. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** The text without what may be a password. */
export function withoutPassword(text: string): string {
  const at = text.replace(/@sha(?:256|512):[0-9a-f]*$/, '').lastIndexOf('@');
  return at < 0 ? text : `${/^[a-z-]+:\/\//.exec(text)?.[0] ?? ''}***${text.slice(at)}`;
}

function parsePath(text: string, path: string, docker: boolean): { name: string; reference: string } {
  const [, named = '', tag, digest] = /^([^:@]*)(?::([^@]*))?(?:@(.*))?$/s.exec(path) ?? [];
  const name = docker && !named.includes('/') ? `library/${named}` : named;
  if (!isFamily(name)) throw unreadable(text, `${JSON.stringify(plain(named))} is no repository name`);
  if (tag !== undefined && !isTag(tag)) throw unreadable(text, `${JSON.stringify(plain(tag))} is no tag`);
  if (digest !== undefined && parseDigest(digest) === undefined) {
    throw unreadable(text, `${JSON.stringify(plain(digest))} is no digest`);
  }
  return { name, reference: digest ?? tag ?? 'latest' };
}

function parseLogin(text: string, login: string): Credentials {
  const colon = login.indexOf(':');
  if (colon < 1) throw unreadable(text, 'a login is user:password@ before the host');
  try {
    return {
      user: decodeURIComponent(login.slice(0, colon)),
      password: decodeURIComponent(login.slice(colon + 1)),
    };
  } catch {
    throw unreadable(text, 'a % in user or password is written %25');
  }
}

function unreadable(text: string, why: string): ImageError {
  return new ImageError('source-invalid', `${plain(withoutPassword(text))} names no image: ${why}`);
}
