import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ClientError } from '../client-error.ts';

export interface GitOptions {
  readonly cwd: string;
  readonly env: Environment;
  readonly input?: Iterable<string | Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_ERROR_BYTES = 16 * 1024;

/**
 * The author's own Git on the author's repository: it alone knows every form that a repository can have
 * (docs/decisions/authors-git.md). It asks nobody anything and takes no locks that it can do without.
 */
const QUIET = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };

/** Replacements are this machine's alone: a clone sees the commit as it was made. */
const AS_MADE = { GIT_NO_REPLACE_OBJECTS: '1' };

/** What a hook is told of its own repository, which may be another, and what gives the paths below another meaning. */
const OF_ANOTHER: ReadonlySet<string> = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_GLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_INDEX_FILE',
  'GIT_LITERAL_PATHSPECS',
  'GIT_NAMESPACE',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_WORK_TREE',
]);

export function gitEnvironment(environment: Environment): Environment {
  const own = Object.entries(environment).filter(([name]) => !OF_ANOTHER.has(name));
  return { ...Object.fromEntries(own), ...QUIET, ...AS_MADE };
}

/** Runs git to its end and returns what it wrote. */
export async function git(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of gitStream(args, options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function gitText(args: readonly string[], options: GitOptions): Promise<string> {
  return (await git(args, options)).toString('utf8').replace(/\n$/, '');
}

/** What git writes, as it comes. Who stops reading ends it. */
export async function* gitStream(args: readonly string[], options: GitOptions): AsyncGenerator<Buffer> {
  const child = start(args, options);
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => {
    if (said.length < MAX_ERROR_BYTES) said += piece.toString('utf8');
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  ended.catch(() => undefined);
  try {
    for await (const piece of child.stdout ?? []) yield piece as Buffer;
    const [code] = await ended.catch((error: unknown) => Promise.reject(notRunnable(error)));
    if (code !== 0) throw failed(args, said);
  } finally {
    if (child.exitCode === null) child.kill();
  }
}

function start(args: readonly string[], { cwd, env, input, signal }: GitOptions): ChildProcess {
  const child = spawn('git', args, {
    cwd,
    env,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  // A child that ends early leaves its input unread; its exit code tells why.
  child.stdin?.on('error', () => undefined);
  for (const piece of input ?? []) child.stdin?.write(piece);
  child.stdin?.end();
  return child;
}

function notRunnable(error: unknown): ClientError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ABORT_ERR') return new ClientError('aborted', 'interrupted', { cause: error });
  return new ClientError('git-failed', 'git cannot be run; assay publish needs it on the PATH', { cause: error });
}

function failed(args: readonly string[], said: string): ClientError {
  const lines = said.trim().split('\n');
  const why = lines.find((line) => /^(?:fatal|error): /.test(line)) ?? (lines[0] || 'it does not say why');
  return new ClientError('git-failed', `git ${args[0]}: ${why.replace(/^(?:fatal|error): /, '')}`);
}
