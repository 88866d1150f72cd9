import type { Fault, TreeDifference } from '../../definition/wire.ts';
import type { AssayClient } from '../assay-client.ts';
import { ClientError, isClientError } from '../client-error.ts';
import type { OnProgress } from '../fetch-content.ts';
import { ImageError } from '../image/image-error.ts';
import { AuthorRepository, type AuthorPlace } from './author-repository.ts';
import { findDefinitions } from './find-definitions.ts';
import { publish, readCommitted, type PublishOptions, type PublishOutcome } from './publish.ts';

export interface PublishAllOptions extends AuthorPlace {
  readonly client: AssayClient;
  /** Folders of definitions, or folders that hold some at any depth. */
  readonly paths: readonly string[];
  /** Takes the repositories around the paths, and not the paths alone. */
  readonly wholeRepository?: boolean;
  readonly as?: string | undefined;
  readonly worktree?: boolean;
  readonly image?: string | undefined;
  readonly dryRun?: boolean;
  readonly onOutcome?: ((outcome: PublishOutcome | Refusal) => void) | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** A folder that was not published, and why. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly faults?: readonly Fault[];
  /** Paths that are not as the last commit has them. */
  readonly dirty?: readonly string[];
  /** What the version is, and what this would have been. */
  readonly published?: { readonly digest: string; readonly tree: string };
  readonly refused?: { readonly digest: string; readonly tree: string };
  readonly difference?: TreeDifference;
}

/** Publishes what lies at these paths, one after another. A refusal does not keep the others from being published. */
export async function publishAll(options: PublishAllOptions): Promise<(PublishOutcome | Refusal)[]> {
  const outcomes: (PublishOutcome | Refusal)[] = [];
  for (const job of await jobsOf(options)) {
    const outcome = await tryPublish(job, options);
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
  }
  return outcomes;
}

interface Job {
  readonly repository: AuthorRepository;
  readonly path: string;
}

async function jobsOf(options: PublishAllOptions): Promise<Job[]> {
  const jobs = new Map<string, Job>();
  for (const given of options.paths) {
    const repository = await AuthorRepository.containing(given, options);
    const inside = options.wholeRepository === true ? '' : await repository.pathOf(given);
    const found = await definitionsAt(repository, inside, given, options);
    for (const path of found) jobs.set(`${repository.root}\0${path}`, { repository, path });
  }
  const several = jobs.size > 1;
  if (several && options.as !== undefined) {
    throw new ClientError('no-name', `--as names one version, and there are ${jobs.size} definitions`);
  }
  if (several && options.image !== undefined) {
    throw new ClientError('no-name', `--image is of one container, and there are ${jobs.size} definitions`);
  }
  return [...jobs.values()];
}

async function definitionsAt(
  repository: AuthorRepository,
  inside: string,
  given: string,
  { as, worktree }: PublishAllOptions,
): Promise<string[]> {
  if (as !== undefined) return [inside];
  const commit = worktree === true ? undefined : (await repository.head()).commit;
  const found = await findDefinitions(repository, commit, inside);
  if (found.length > 0) return found;
  // What is not committed is told of when it is tried.
  if (worktree !== true && (await repository.dirty(inside)).length > 0) return [inside];
  const files = 'no test-case.toml and no container.toml at any depth';
  throw new ClientError('no-definition', `${given} holds no definition: ${files}`);
}

async function tryPublish({ repository, path }: Job, options: PublishAllOptions): Promise<PublishOutcome | Refusal> {
  try {
    if (options.worktree === true) {
      const [head, origin] = await Promise.all([repository.head(), repository.origin()]);
      return await publish({ ...options, repository, path, head, origin });
    }
    // Git looks through the folder while the commit is read. That something is not committed goes before what is wrong
    // with what is.
    const [dirty, committed] = await Promise.allSettled([repository.dirty(path), read(repository, path, options)]);
    if (dirty.status === 'rejected') throw dirty.reason;
    if (dirty.value.length > 0) return notCommitted(path, dirty.value);
    if (committed.status === 'rejected') throw committed.reason;
    return await publish({ ...options, repository, path, ...committed.value });
  } catch (error) {
    if (isClientError(error, 'aborted', 'unreachable', 'stalled')) throw error;
    if (isClientError(error))
      return { outcome: 'refused', path, code: error.code, message: error.message, ...detailOf(error.about) };
    if (error instanceof ImageError) return { outcome: 'refused', path, code: error.code, message: error.message };
    throw error;
  }
}

async function read(
  repository: AuthorRepository,
  path: string,
  { as }: PublishAllOptions,
): Promise<Pick<PublishOptions, 'head' | 'origin' | 'committed'>> {
  const [head, origin] = await Promise.all([repository.head(), repository.origin()]);
  return { head, origin, committed: await readCommitted(repository, path, head, as) };
}

function notCommitted(path: string, dirty: readonly string[]): Refusal {
  const message = 'it is not as the last commit has it: commit it first, or publish it as it is with --worktree';
  return { outcome: 'refused', path, code: 'not-committed', message, dirty };
}

function detailOf(about: unknown): Pick<Refusal, 'faults' | 'published' | 'refused' | 'difference'> {
  if (typeof about !== 'object' || about === null) return {};
  const { faults, published, refused, difference } = about as Refusal;
  return {
    ...(faults === undefined ? {} : { faults }),
    ...(published === undefined ? {} : { published }),
    ...(refused === undefined ? {} : { refused }),
    ...(difference === undefined ? {} : { difference }),
  };
}
