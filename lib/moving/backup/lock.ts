import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileError } from '../../store/files/file-error.ts';
import { StoreError } from '../../store/store-error.ts';

interface Holder {
  readonly host: string;
  readonly pid: number;
}

const MAX_TRIES = 3;

/** Does work that only one process at a time may do in a folder. One that died on this machine is replaced. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await take(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (await isMade(path)) return;
    const holder = await holderOf(path);
    if (holder === undefined || !isGone(holder)) break;
    await rm(path, { force: true });
  }
  const message = `another assay backup works there; if none does, remove ${path}`;
  throw new StoreError('busy', message);
}

/** Under a name of its own first, so that nobody ever sees half of it. */
async function isMade(path: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify({ host: hostname(), pid: process.pid } satisfies Holder));
    await link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw fileError(error, 'writing a backup');
  } finally {
    await rm(temporary, { force: true });
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Of other machines nothing is known. */
function isGone({ host, pid }: Holder): boolean {
  if (host !== hostname() || !Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
