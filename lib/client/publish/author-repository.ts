import { realpath, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { ClientError, isClientError } from '../client-error.ts';
import { git, gitEnvironment, gitStream, gitText, type Environment, type GitOptions } from './git-command.ts';

/** An entry of a tree, at its path from that tree. */
export interface AuthorEntry {
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly oid: string;
  readonly path: string;
}

export interface Head {
  readonly commit: string;
  /** `Name <email> <seconds> <zone>` */
  readonly author: string;
}

export interface AuthorPlace {
  /** The environment that git is run in. */
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** The repository that an author publishes from, read with the author's own Git. */
export class AuthorRepository {
  readonly root: string;
  readonly #place: AuthorPlace;

  private constructor(root: string, place: AuthorPlace) {
    this.root = root;
    this.#place = place;
  }

  /** The repository that a path lies in. */
  static async containing(path: string, place: AuthorPlace): Promise<AuthorRepository> {
    const env = gitEnvironment(place.environment);
    const options = { cwd: await existingFolder(path), env, signal: place.signal };
    const what = ['--show-object-format', '--show-toplevel'];
    const format = await gitText(['rev-parse', ...what], options).catch((cause: unknown) => {
      throw unusable(path, cause);
    });
    // The folder's name may have a line end in it.
    const [objects, ...lines] = format.split('\n');
    const root = lines.join('\n');
    if (objects !== 'sha1') {
      throw new ClientError('no-repository', `${root} names its objects by ${objects}; versions are named by sha1`);
    }
    return new AuthorRepository(root, { ...place, environment: env });
  }

  /** The same repository with more objects than it has, which git finds by this environment. */
  with(env: Readonly<Record<string, string>>): AuthorRepository {
    return new AuthorRepository(this.root, { ...this.#place, environment: { ...this.#place.environment, ...env } });
  }

  /** A path as the repository names it: from its root, `/` between the parts, empty for the root itself. */
  async pathOf(path: string): Promise<string> {
    const inside = relative(await realpath(this.root), await realpath(resolve(path)));
    if (inside === '..' || inside.startsWith(`..${sep}`)) {
      throw new ClientError('no-repository', `${path} is not in the repository ${this.root}`);
    }
    return inside.split(sep).join('/');
  }

  async head(): Promise<Head> {
    const how = ['--no-show-signature', '--encoding=UTF-8', '--date=raw', '--format=%H%n%an <%ae> %ad'];
    const text = await this.text('log', '-1', ...how).catch((cause: unknown) => {
      if (!isClientError(cause, 'git-failed')) throw cause;
      throw new ClientError(
        'not-committed',
        `nothing is committed in ${this.root} yet; git add and git commit do that`,
        { cause },
      );
    });
    const [commit = '', author = ''] = text.split('\n');
    return { commit, author };
  }

  /** Where others find the repository, if it says so. */
  async origin(): Promise<string | undefined> {
    const text = await this.text('config', '--get', 'remote.origin.url').catch(() => '');
    return text === '' ? undefined : text;
  }

  /** What below a path is not as the last commit has it: changed, removed or new. Ignored files do not count. */
  async dirty(path: string): Promise<string[]> {
    const out = await this.text(
      'status',
      '--porcelain',
      '-z',
      '--untracked-files=all',
      '--no-renames',
      '--',
      pathspec(path),
    );
    return out
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => line.slice(3));
  }

  /** Object id of what stands at a path in a commit or tree; undefined where nothing does. */
  async find(treeish: string, path: string): Promise<string | undefined> {
    const spec = path === '' ? `${treeish}^{tree}` : `${treeish}:${path}`;
    const text = await this.text('rev-parse', '--verify', '--quiet', '--end-of-options', spec).catch(() => '');
    return text === '' ? undefined : text;
  }

  async list(tree: string): Promise<AuthorEntry[]> {
    const text = (await git(['ls-tree', '-r', '-t', '-z', '--full-tree', tree], this.#options())).toString('utf8');
    return text
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => {
        const tab = line.indexOf('\t');
        const [mode = '', type = '', oid = ''] = line.slice(0, tab).split(' ');
        const path = line.slice(tab + 1);
        return { mode, type: type as AuthorEntry['type'], oid, path };
      });
  }

  /** Objects of a tree that another has not; undefined where this repository does not have that one. */
  async beyond(tree: string, base: string): Promise<string[] | undefined> {
    const listed = this.text('rev-list', '--objects', '--no-object-names', tree, `^${base}`);
    const text = await listed.catch(async (error: unknown) => {
      if ((await this.find(base, '')) !== undefined) throw error;
    });
    return text?.split('\n').filter((oid) => oid !== '');
  }

  /** Names of what stands in one folder of a commit. */
  async namesIn(commit: string, path: string): Promise<string[]> {
    const text = await this.text('ls-tree', '-z', '--name-only', '--full-tree', `${commit}:${path}`).catch(() => '');
    return text.split('\0').filter((name) => name !== '');
  }

  /** Paths of all files of a commit below a path whose last part is one of these names. */
  async named(commit: string, below: string, names: readonly string[]): Promise<string[]> {
    const where = below === '' ? [] : [`${below}/`];
    const text = await this.text('ls-tree', '-r', '-z', '--name-only', '--full-tree', commit, '--', ...where);
    return text.split('\0').filter((path) => names.includes(path.slice(path.lastIndexOf('/') + 1)));
  }

  /** The same of what lies in the folders, committed or not. */
  async namedInWorktree(names: readonly string[]): Promise<string[]> {
    const text = await this.text(
      'ls-files',
      '-z',
      '--cached',
      '--others',
      '--exclude-standard',
      '--full-name',
      '--',
      ':(top)',
    );
    return text.split('\0').filter((path) => names.includes(path.split('/').at(-1) ?? ''));
  }

  blob(oid: string): Promise<Buffer> {
    return git(['cat-file', 'blob', oid], this.#options());
  }

  /**
   * A pack of exactly these objects, each whole: what a server stores as it comes. Git reuses what it has deflated, and
   * looks for no deltas.
   */
  pack(oids: readonly string[]): AsyncGenerator<Buffer> {
    const args = ['pack-objects', '--stdout', '-q', '--window=0', '--no-reuse-delta'];
    return gitStream(args, { ...this.#options(), input: oids.map((oid) => `${oid}\n`) });
  }

  text(...args: readonly string[]): Promise<string> {
    return gitText(args, this.#options());
  }

  #options(): GitOptions {
    return { cwd: this.root, env: this.#place.environment, signal: this.#place.signal };
  }
}

/** Why a path is in no repository that can be published from, where git says so; else what was thrown. */
function unusable(path: string, cause: unknown): unknown {
  if (!isClientError(cause, 'git-failed')) return cause;
  const isBare = /must be run in a work tree/.test(cause.message);
  if (!isBare && !/not a git repository/.test(cause.message)) return cause;
  const message = isBare
    ? `${path} is in a bare repository, which has no folders to publish; git clone makes them`
    : `${path} is in no Git repository; git init and git commit make one`;
  return new ClientError('no-repository', message, { cause });
}

/** A path as it is written, whatever signs are in it. */
function pathspec(path: string): string {
  return path === '' ? ':(top)' : `:(top,literal)${path}`;
}

async function existingFolder(path: string): Promise<string> {
  const found = await realpath(resolve(path)).catch((cause: unknown) => {
    throw new ClientError('no-definition', `there is no ${path}`, { cause });
  });
  return (await stat(found)).isDirectory() ? found : dirname(found);
}
