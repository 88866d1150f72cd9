import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileListing } from '../definition/wire.ts';
import { isSha256, parseDigest, type Sha256 } from '../encoding/digest.ts';
import { CacheLayout } from './cache-layout.ts';
import { checkListing } from './check-answer.ts';
import { CacheFile } from './cache-file.ts';
import type { DefinitionDocuments } from './definition.ts';

/** Where a ref stood when it was last seen. */
export interface KnownRef {
  readonly server: string;
  readonly family: string;
  readonly ref: string;
  readonly version: string;
  readonly digest: Sha256;
  readonly tree: string;
  /** When it was seen. */
  readonly at: string;
}

/** What a directory was pulled from. */
export interface PulledFrom {
  readonly family: string;
  readonly version?: string | undefined;
  readonly digest: Sha256;
}

/** How many of the versions are remembered that a directory was pulled from. */
const REMEMBERED = 4;

/**
 * What was fetched before, so that it need not be fetched again. Nothing here is trusted: whoever takes something out
 * checks it, and drops what is damaged. Many processes may use one folder, and it may be deleted at any time.
 */
export class ContentCache {
  readonly layout: CacheLayout;

  constructor(folder: string) {
    this.layout = new CacheLayout(folder);
  }

  /** The path and mode of content that is there in full length. */
  async find(digest: Sha256, size: number): Promise<{ path: string; mode: number } | undefined> {
    const path = this.layout.content(digest);
    const stats = await stat(path).catch(() => undefined);
    return stats?.isFile() === true && stats.size === size ? { path, mode: stats.mode & 0o777 } : undefined;
  }

  /** A file that gets its name when its bytes are all there and right. */
  async write(digest: Sha256): Promise<CacheFile> {
    const path = this.layout.content(digest);
    const temporary = `${path}.new-${randomUUID()}`;
    const handle = await open(temporary, 'wx', 0o644).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await mkdir(dirname(path), { recursive: true });
      return open(temporary, 'wx', 0o644);
    });
    return new CacheFile(handle, temporary, path, digest);
  }

  async drop(digest: Sha256): Promise<void> {
    await rm(this.layout.content(digest), { force: true });
  }

  async definition(digest: Sha256): Promise<DefinitionDocuments | undefined> {
    const value = await readJson(this.layout.definition(digest));
    const { manifests, listing } = (value ?? {}) as { manifests?: unknown; listing?: unknown };
    if (!Array.isArray(manifests) || !manifests.every((one) => typeof one === 'string')) return undefined;
    try {
      return { manifests: manifests.map((one) => Buffer.from(one, 'base64')), listing: checkListing(listing) };
    } catch {
      return undefined;
    }
  }

  async keepDefinition(
    digest: Sha256,
    documents: { manifests: readonly Uint8Array[]; listing: FileListing },
  ): Promise<void> {
    const manifests = documents.manifests.map((one) => Buffer.from(one).toString('base64'));
    await writeJson(this.layout.definition(digest), { manifests, listing: documents.listing });
  }

  async dropDefinition(digest: Sha256): Promise<void> {
    await rm(this.layout.definition(digest), { force: true });
  }

  async ref(server: string, family: string, ref: string): Promise<KnownRef | undefined> {
    const known = (await readJson(this.layout.ref(server, family, ref))) as KnownRef | undefined;
    const isSound = known?.family === family && known.ref === ref && holdsDigest(known);
    return isSound && isText(known.version, known.tree, known.at) ? known : undefined;
  }

  async keepRef(known: KnownRef): Promise<void> {
    await writeJson(this.layout.ref(known.server, known.family, known.ref), known);
  }

  /** What a directory, by its real path, was pulled from; the newest first. */
  async pulledFrom(directory: string): Promise<readonly PulledFrom[]> {
    const value = (await readJson(this.layout.pulled(directory))) as
      { directory?: unknown; from?: unknown } | undefined;
    if (value?.directory !== directory || !Array.isArray(value.from)) return [];
    return (value.from as PulledFrom[]).filter((one) => holdsDigest(one) && isText(one.family, one.version ?? ''));
  }

  /** One that is still coming stands behind the newest: whoever looks meanwhile may find the one or the other. */
  async keepPulledFrom(directory: string, pulled: PulledFrom, state: 'coming' | 'there'): Promise<void> {
    const [newest, ...older] = (await this.pulledFrom(directory)).filter(({ digest }) => digest !== pulled.digest);
    const before = newest === undefined ? [] : [newest];
    const from = state === 'there' ? [pulled, ...before, ...older] : [...before, pulled, ...older];
    await writeJson(this.layout.pulled(directory), { directory, from: from.slice(0, REMEMBERED) });
  }
}

function holdsDigest(value: { readonly digest?: unknown } | null): boolean {
  const digest = value?.digest;
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  return parsed !== undefined && isSha256(parsed);
}

function isText(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

/** What cannot be read or is no JSON counts as not there. */
async function readJson(path: string): Promise<unknown> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as unknown) ?? undefined;
  } catch {
    return undefined;
  }
}

async function writeJson(path: string, value: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.new-${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(value)}\n`, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
