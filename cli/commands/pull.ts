import { join } from 'node:path';
import { ClientError } from '../../lib/client/client-error.ts';
import { LOCK_FILE, readLock, type LockedDefinition } from '../../lib/client/lock-file.ts';
import { lockedAs } from '../../lib/client/lock.ts';
import { pull as pullDefinition, type Pulled } from '../../lib/client/pull.ts';
import { CACHE_OPTIONS, cacheFrom, clientFrom, notice, referenceFrom, textOf } from '../client-options.ts';
import { DONE, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';
import { Progress } from '../progress.ts';
import { sizeText } from '../size-text.ts';

export const pull: Command = {
  usage: 'assay pull <family>[@<ref>] <dir> | --locked [<family>[@<ref>]] <dir>',
  description: `
Makes a directory that is one version of a family. A ref is a version, a pin or
a digest; without one it is the newest release. The directory appears whole or
not at all. What the cache has is not fetched again, and what is there already
is left alone. A directory that was pulled before is replaced, unless somebody
changed it.

With --locked nothing is looked up: assay.lock says which digest it is. Without
a family, every locked version is pulled into <dir>/<family>/<version>.

  assay pull test-cases/carom@stable carom
  assay pull test-cases/carom@v1.2.0 carom --offline
  assay pull --locked test-cases/carom carom
  assay pull --locked definitions`,
  options: {
    locked: { type: 'boolean', help: 'pull what the lock file says' },
    'lock-file': { type: 'string', placeholder: '<file>', help: `the lock file [default ${LOCK_FILE}]` },
    offline: { type: 'boolean', help: 'ask no server; a pin is where it was last seen' },
    force: { type: 'boolean', help: 'replace the directory whatever is in it' },
    json: { type: 'boolean', help: 'one JSON object; with --locked and no family, a list of them' },
    ...CACHE_OPTIONS,
  },
  async run(values, words) {
    const isLocked = values['locked'] === true;
    if (!isLocked && values['lock-file'] !== undefined) throw new UsageError('--lock-file goes with --locked');
    const [family, directory] = isLocked && words.length === 1 ? [undefined, words[0]] : words;
    if (directory === undefined)
      throw new UsageError(isLocked ? 'into which directory?' : 'which version, into which directory?');
    if (words[2] !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(words[2])}`);
    const jobs = isLocked ? await lockedJobs(values, family, directory) : [job(family ?? '', directory)];
    const results = await interruptible((signal) => pullAll(jobs, values, signal));
    const isList = isLocked && family === undefined;
    process.stdout.write(
      values['json'] === true
        ? `${JSON.stringify(isList ? { pulled: results } : results[0])}\n`
        : results.map(text).join(''),
    );
    return DONE;
  },
};

interface Job {
  readonly family: string;
  readonly ref: string;
  readonly locked?: LockedDefinition;
  readonly directory: string;
}

function job(text: string, directory: string): Job {
  return { ...referenceFrom(text, 'latest'), directory };
}

async function lockedJobs(values: Values, name: string | undefined, directory: string): Promise<Job[]> {
  const path = textOf(values, 'lock-file') ?? LOCK_FILE;
  const file = await readLock(path);
  if (file === undefined) throw new ClientError('bad-lock', `there is no ${path}; assay lock <family>@<ref> makes it`);
  if (name !== undefined) {
    const { family, ref } = referenceFrom(name, 'latest');
    const locked = lockedAs(file.definitions, family, name.includes('@') ? ref : undefined);
    return [{ family, ref: locked.ref, locked, directory }];
  }
  // Two refs may have been the same version.
  const jobs = new Map<string, Job>();
  for (const locked of file.definitions) {
    const { family, ref, version, digest } = locked;
    const into = join(directory, family, version);
    const other = jobs.get(into)?.locked;
    if (other !== undefined && other.digest !== digest)
      throw new ClientError('bad-lock', `${path} has two digests for ${family}@${version}`);
    jobs.set(into, { family, ref, locked, directory: into });
  }
  return [...jobs.values()];
}

async function pullAll(jobs: readonly Job[], values: Values, signal: AbortSignal): Promise<Pulled[]> {
  const place = { client: clientFrom(values), cache: cacheFrom(values), signal, onNotice: notice };
  const how = { offline: values['offline'] === true, force: values['force'] === true };
  const results: Pulled[] = [];
  for (const one of jobs) {
    const progress = new Progress();
    try {
      results.push(await pullDefinition({ ...place, ...how, ...one, ...progress.listener }));
    } finally {
      progress.end();
    }
  }
  return results;
}

function text({ outcome, family, version, digest, directory, files, bytes, fetched }: Pulled): string {
  const name = `${family} ${version ?? digest}`;
  if (outcome === 'already-there') return `${name} is in ${directory} already.\n`;
  const came = fetched.files === 0 ? 'nothing' : `${counted(fetched.files, 'file')} (${sizeText(fetched.bytes)})`;
  const verb = outcome === 'replaced' ? 'Replaced' : 'Made';
  return `${verb} ${directory}: ${name}, ${counted(files, 'file')} (${sizeText(bytes)}), ${came} fetched.\n`;
}
