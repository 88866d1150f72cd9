import { randomUUID } from 'node:crypto';
import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import type { Sha256 } from '../encoding/digest.ts';
import { isOid } from '../git/oid.ts';
import { isFamily } from '../oci/name.ts';
import { ClientError } from './client-error.ts';
import { linesOfEntries, lineOf } from './json-lines.ts';
import { digestRef, isRef } from './reference.ts';

/** What a ref was when it was locked. */
export interface LockedDefinition {
  readonly family: string;
  readonly ref: string;
  readonly version: string;
  readonly digest: Sha256;
  /** Git object id of the tree. */
  readonly tree: string;
}

export interface LockFile {
  readonly lockVersion: 1;
  readonly definitions: readonly LockedDefinition[];
}

export const LOCK_FILE = 'assay.lock';

const KEYS = ['family', 'ref', 'version', 'digest', 'tree'] as const;

/** The same definitions give the same bytes, in whatever order they come. */
export function formatLock(definitions: Iterable<LockedDefinition>): string {
  const sorted = [...definitions].sort((a, b) => order(a.family, b.family) || order(a.ref, b.ref));
  const rows = sorted.map((one) => Object.fromEntries(KEYS.map((key) => [key, one[key]])));
  return `${JSON.stringify({ lockVersion: 1, definitions: rows }, null, 2)}\n`;
}

/** Throws `bad-lock`, with the line. */
export function parseLock(text: string, name = LOCK_FILE): LockFile {
  const value = json(text, name);
  const { lockVersion, definitions } = (value ?? {}) as { lockVersion?: unknown; definitions?: unknown };
  if (lockVersion !== 1)
    throw bad(name, 1, `lockVersion is ${JSON.stringify(lockVersion) ?? 'missing'}; this Assay knows 1`);
  if (!Array.isArray(definitions)) throw bad(name, 1, 'definitions is no list');
  const lines = linesOfEntries(text);
  const seen = new Set<string>();
  for (const [place, one] of (definitions as unknown[]).entries()) {
    const fault = faultIn(one) ?? (seen.has(nameOf(one)) ? `${nameOf(one)} comes twice` : undefined);
    if (fault !== undefined) throw bad(name, lines[place] ?? 1, `definitions[${place}]: ${fault}`);
    seen.add(nameOf(one));
  }
  return { lockVersion, definitions: definitions as LockedDefinition[] };
}

/** Undefined where there is no such file. */
export async function readLock(path: string): Promise<LockFile | undefined> {
  try {
    return parseLock(await readFile(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a reader sees the old file or the new one. A link stays a link. */
export async function writeLock(path: string, definitions: Iterable<LockedDefinition>): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const temporary = `${real}.new-${randomUUID()}`;
  try {
    await writeFile(temporary, formatLock(definitions), { flag: 'wx', flush: true });
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function json(text: string, name: string): unknown {
  const conflict = /^(?:<{7}|={7}|>{7})/m.exec(text);
  if (conflict !== null)
    throw bad(name, lineOf(text, conflict.index), 'a merge left its marks; take one side, then run assay lock');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as SyntaxError;
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
    throw bad(name, lineOf(text, at), `no JSON: ${message}`, cause);
  }
}

function faultIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'no object';
  const { family, ref, version, digest, tree } = value as Record<string, unknown>;
  if (typeof family !== 'string' || !isFamily(family)) return 'family names no family';
  if (typeof ref !== 'string' || !isRef(ref)) return 'ref is no version, pin or digest';
  if (typeof version !== 'string' || !isRef(version) || version.includes(':')) return 'version is no version';
  if (typeof digest !== 'string' || digestRef(digest) === undefined) return 'digest is not sha256: and 64 hex digits';
  if (typeof tree !== 'string' || !isOid(tree)) return 'tree is no Git object id';
  return undefined;
}

function nameOf(value: unknown): string {
  const { family, ref } = value as LockedDefinition;
  return `${family}@${ref}`;
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function bad(name: string, line: number, why: string, cause?: unknown): ClientError {
  return new ClientError('bad-lock', `${name}:${line}: ${why}`, { cause });
}
