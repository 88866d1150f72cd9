import { open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../../store/files/durable-files.ts';
import { fileError, isAbsent, isThere } from '../../store/files/file-error.ts';
import { namesIn } from '../../store/files/names-in.ts';
import { StoreError } from '../../store/store-error.ts';

/** A holder that gives no sign for so long is dead. */
const TERM_MS = 15_000;
/** So often it is looked for one meanwhile, and it gives one so many times. */
const [LOOKS, SIGNS] = [50, 5];
const NUMBER = /^[1-9]\d{0,14}$/;
/** What a lock's file begins with; both are of one length, so that one is written over the other. */
const [HELD, FREE] = ['held', 'free'];

/** Held while the work runs. */
export interface FolderLock {
  /** Throws with code `busy` where another has taken the lock, since this process gave no sign for too long. */
  readonly check: () => Promise<void>;
}

export interface LockOptions {
  readonly termMs?: number | undefined;
  /** Told while it is looked whether the holder lives. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Does work that only one process at a time may do; rejects with code `busy` where another does it. The locks of a folder are
 * numbered files, of which the highest counts: whoever takes it makes the next, which only one can, and the highest is never removed. Its
 * holder gives signs of life by the file's time. A dead one is known by that alone, for neither names of machines nor ids of
 * processes tell: containers have them in common, or get new ones.
 */
export async function withLock<T>(
  folder: string,
  work: (lock: FolderLock) => Promise<T>,
  { termMs = TERM_MS, onWait }: LockOptions = {},
): Promise<T> {
  const number = await take(folder, termMs, onWait);
  const path = fileOf(folder, number);
  let signing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // Where it cannot be given, others see none, and the work ends at its next check.
    signing = giveSign(path).catch(() => {});
  }, termMs / SIGNS);
  timer.unref();
  try {
    return await work({
      async check() {
        if ((await newest(folder)) === number) return;
        throw new StoreError(
          'busy',
          'another assay backup has taken the folder, since this one gave no sign for too long',
        );
      },
    });
  } finally {
    clearInterval(timer);
    await signing;
    await release(path);
  }
}

async function take(folder: string, termMs: number, onWait: (() => void) | undefined): Promise<number> {
  try {
    await makeFolder(folder);
    const last = await newest(folder);
    if (last > 0 && !(await isFree(fileOf(folder, last), termMs, onWait))) throw busy(folder);
    const number = last + 1;
    if (!(await isMade(fileOf(folder, number)))) throw busy(folder);
    // Since the last was looked at, others may have come and gone, and their files before the newest with them.
    if ((await newest(folder)) !== number) {
      await rm(fileOf(folder, number), { force: true });
      throw busy(folder);
    }
    for (const name of await namesIn(folder)) {
      if (NUMBER.test(name) && Number(name) < number) await rm(join(folder, name), { force: true });
    }
    return number;
  } catch (error) {
    throw fileError(error, 'locking the folder for backups');
  }
}

function busy(folder: string): StoreError {
  return new StoreError('busy', `another assay backup works in ${join(folder, '..')}`);
}

async function newest(folder: string): Promise<number> {
  const numbers = (await namesIn(folder)).filter((name) => NUMBER.test(name)).map(Number);
  return Math.max(0, ...numbers);
}

/**
 * Whether its holder has ended, or gives no sign of life for the whole term. Looks are counted and not only the time, so that who was
 * suspended together with the holder gives it the time to go on.
 */
async function isFree(path: string, termMs: number, onWait: (() => void) | undefined): Promise<boolean> {
  const first = await signOf(path);
  for (let looks = 0; ; looks += 1) {
    const isAlive = (await signOf(path)) !== first;
    const text = await readFile(path, 'utf8').catch(absentIsEmpty);
    if (text.startsWith(FREE)) return true;
    if (isAlive) return false;
    if (looks === LOOKS) return true;
    onWait?.();
    await sleep(termMs / LOOKS);
  }
}

/** Its file is there from the first moment as held, and is given back in place. */
async function isMade(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${HELD} by process ${process.pid} of ${hostname()}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    throw error;
  }
}

/** When the holder last gave a sign; -1 where the file is gone, and others have been there since. */
async function signOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    (error: unknown) => {
      if (isAbsent(error)) return -1;
      throw error;
    },
  );
}

function giveSign(path: string): Promise<void> {
  const now = new Date();
  return utimes(path, now, now);
}

/** What cannot be written here is taken for dead after its term. */
async function release(path: string): Promise<void> {
  const handle = await open(path, 'r+').catch(() => undefined);
  try {
    await handle?.write(FREE, 0);
  } catch {
    return;
  } finally {
    await handle?.close();
  }
}

function absentIsEmpty(error: unknown): string {
  if (isAbsent(error)) return '';
  throw error;
}

function fileOf(folder: string, number: number): string {
  return join(folder, String(number));
}
