import type { Published, PublishRequest, Source, Version } from '../../definition/wire.ts';
import type { AssayClient } from '../assay-client.ts';
import { ClientError, isClientError } from '../client-error.ts';
import type { OnProgress } from '../fetch-content.ts';
import type { AuthorRepository, Head } from './author-repository.ts';
import { readCandidate, type Candidate } from './candidate.ts';
import { allObjects, missingObjects } from './missing-objects.ts';
import { worktreeTree } from './worktree-tree.ts';

export interface PublishOptions {
  readonly client: AssayClient;
  readonly repository: AuthorRepository;
  /** The definition's folder, from the repository's root. */
  readonly path: string;
  readonly head: Head;
  readonly origin: string | undefined;
  /** The folder as the last commit has it, if it has been read already. */
  readonly committed?: Candidate;
  /** `family@version`, in place of what folders and metadata say. */
  readonly as?: string | undefined;
  /** The folder as it lies there, committed or not. */
  readonly worktree?: boolean;
  /** Where a container's image is. */
  readonly image?: string | undefined;
  /** Judges on this side alone, and sends nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: OnProgress | undefined;
  readonly onNotice?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PublishOutcome {
  readonly outcome: Published['outcome'] | 'would-publish';
  readonly path: string;
  readonly family: string;
  readonly version: string;
  readonly tree: string;
  /** As the server has it; not where nothing was sent. */
  readonly published?: Version;
  readonly sent: { readonly objects: number; readonly bytes: number };
}

const NOTHING_SENT = { objects: 0, bytes: 0 };

/** Publishes one folder. Throws a ClientError, of a server's refusal with the server's own code. */
export async function publish(options: PublishOptions): Promise<PublishOutcome> {
  const { repository, path, head, worktree, as } = options;
  if (worktree === true) {
    const made = await worktreeTree(repository, path);
    try {
      if (made.tree === undefined) throw new ClientError('no-definition', `there is nothing in ${path}`);
      const candidate = await readCandidate(made.repository, path, made.tree, as);
      const isDirty = made.tree !== (await repository.find(head.commit, path));
      return await send(made.repository, candidate, isDirty, options);
    } finally {
      await made.close();
    }
  }
  const committed = options.committed ?? (await readCommitted(repository, path, head, as));
  return send(repository, committed, false, options);
}

export async function readCommitted(
  repository: AuthorRepository,
  path: string,
  { commit }: Head,
  as: string | undefined,
): Promise<Candidate> {
  const tree = await repository.find(commit, path);
  if (tree !== undefined) return readCandidate(repository, path, tree, as);
  throw new ClientError(
    'not-committed',
    `${path} is not in the last commit; git add and git commit do that, or --worktree takes it as it is`,
  );
}

async function send(
  repository: AuthorRepository,
  candidate: Candidate,
  isDirty: boolean,
  options: PublishOptions,
): Promise<PublishOutcome> {
  const { client, head, origin, signal, path, image: imageSource } = options;
  const { family, version, tree, entries, clashes } = candidate;
  for (const [one, other] of clashes) {
    options.onNotice?.(`${path}: ${one} and ${other} are one name on macOS or Windows, and cannot be pulled there`);
  }
  const { there, latest, isNew } = await versionsThere(client, family, version, signal);
  const done = { path, family, version, tree, sent: NOTHING_SENT };
  if (imageSource === undefined && there?.tree === tree && there.image === undefined) {
    return { outcome: 'unchanged', ...done, published: there };
  }
  if (options.dryRun === true) return { outcome: 'would-publish', ...done };
  const image = imageSource === undefined ? undefined : await imageDigest(imageSource, candidate, options);
  const wanted = { family, tree, entries, base: latest?.tree };
  const missing = isNew ? allObjects(wanted) : await missingObjects(client, repository, wanted, signal);
  const source: Source = {
    ...(origin === undefined ? {} : { repository: origin }),
    commit: head.commit,
    ...(path === '' ? {} : { path }),
    ...(isDirty ? { worktree: true as const } : {}),
  };
  const request: PublishRequest = { tree, source, author: head.author, ...(image === undefined ? {} : { image }) };
  const counted = { objects: missing.length, bytes: 0 };
  const pack = missing.length === 0 ? undefined : () => watched(repository.pack(missing), counted, options.onProgress);
  const { outcome, version: published } = await client.publish(family, version, request, pack, { signal });
  return { outcome, ...done, published, sent: counted };
}

async function imageDigest(source: string, candidate: Candidate, options: PublishOptions): Promise<string> {
  const { family, kind } = candidate;
  if (kind !== 'container')
    throw new ClientError('bad-definition', `${candidate.path} is a ${kind}, and only a container has an image`);
  const { client, signal, onProgress } = options;
  const { base, actor } = client.transport;
  // Only who has an image pays for reading archives.
  const { pushImage } = await import('../image/push-image.ts');
  const { digest } = await pushImage({
    source,
    server: base,
    family,
    ...(actor === undefined ? {} : { actor }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return digest;
}

interface There {
  /** The version of that name. */
  readonly there?: Version | undefined;
  readonly latest?: Version | undefined;
  /** The server does not know the family, and so has nothing of it. */
  readonly isNew: boolean;
}

async function versionsThere(
  client: AssayClient,
  family: string,
  version: string,
  signal: AbortSignal | undefined,
): Promise<There> {
  try {
    const [there, latest] = await Promise.all([
      versionThere(client, family, version, signal),
      versionThere(client, family, 'latest', signal),
    ]);
    return { there, latest, isNew: false };
  } catch (error) {
    if (isClientError(error, 'name-unknown')) return { isNew: true };
    throw error;
  }
}

async function versionThere(
  client: AssayClient,
  family: string,
  ref: string,
  signal: AbortSignal | undefined,
): Promise<Version | undefined> {
  try {
    return await client.version({ family, ref }, { signal });
  } catch (error) {
    if (isClientError(error, 'version-unknown')) return undefined;
    throw error;
  }
}

/** Counts what is sent. A second try counts anew. */
async function* watched(
  pack: AsyncIterable<Uint8Array>,
  counted: { bytes: number },
  onProgress: OnProgress | undefined,
): AsyncGenerator<Uint8Array> {
  counted.bytes = 0;
  for await (const piece of pack) {
    counted.bytes += piece.length;
    onProgress?.('sending bytes', counted.bytes, undefined);
    yield piece;
  }
}
