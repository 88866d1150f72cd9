import { parseDigest, isSha256 } from '../encoding/digest.ts';
import type { FileEntry, FileListing, Part, Version } from '../definition/wire.ts';
import { isOid } from '../git/oid.ts';
import { ClientError } from './client-error.ts';
import { isRef, type Reference } from './reference.ts';

/** Only what names files and bytes is checked: the rest is shown to people, and may grow. */
export function checkVersion(value: unknown, of: Reference): Version {
  const version = value as Version;
  const sound =
    isObject(value) &&
    version.family === of.family &&
    isRef(version.version) &&
    isDigest(version.digest) &&
    isTree(version.tree) &&
    isPart(version.layer) &&
    isPart(version.config) &&
    Array.isArray(version.pins) &&
    Array.isArray(version.statements);
  if (sound) return version;
  throw new ClientError('bad-answer', `what the server tells of ${of.family}@${of.ref} is no version of it`);
}

export function checkListing(value: unknown): FileListing {
  const listing = value as FileListing;
  if (!isObject(value) || !isTree(listing.tree) || !isPart(listing.layer) || !Array.isArray(listing.files))
    throw new ClientError('bad-answer', 'the list of files is none');
  for (const file of listing.files as readonly unknown[]) {
    if (!isFile(file))
      throw new ClientError('bad-answer', `not a file of a list: ${JSON.stringify(file)?.slice(0, 300)}`);
  }
  return listing;
}

const KINDS: ReadonlySet<unknown> = new Set(['file', 'executable', 'link']);

function isFile(value: unknown): value is FileEntry {
  if (!isObject(value)) return false;
  const { path, kind, size, oid, digest, target } = value;
  if (typeof path !== 'string' || !KINDS.has(kind) || !isSize(size) || !isTree(oid) || !isDigest(digest)) return false;
  return kind === 'link' ? typeof target === 'string' : target === undefined;
}

function isPart(value: unknown): value is Part {
  return isObject(value) && isDigest(value['digest']) && isSize(value['size']);
}

function isDigest(value: unknown): boolean {
  const digest = typeof value === 'string' ? parseDigest(value) : undefined;
  return digest !== undefined && isSha256(digest);
}

function isTree(value: unknown): boolean {
  return typeof value === 'string' && isOid(value);
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
