import { randomUUID } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, syncFolder } from '../store/files/durable-files.ts';
import { LogError } from './log-error.ts';
import { LogSigner } from './log-signer.ts';

const OTHERS = 0o077;
const MAX_BYTES = 4096;

/** The key that a file holds; undefined where there is no file. Refused where others than its owner may read it. */
export async function readKeyFile(path: string): Promise<LogSigner | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new LogError('key-invalid', `the log's key cannot be read from ${path}: ${codeOf(error)}`, { cause: error });
  });
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    // Windows has no such modes.
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      throw new LogError('key-readable', `others may read the log's key in ${path}; chmod 600 it`);
    }
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new LogError('key-invalid', `${path} is no file with a key`);
    return parseKey(path, await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
}

/** Makes a file with a new key, durable, that nobody else may read. Where there is one by now, that one counts. */
export function makeKeyFile(path: string, name?: string): Promise<LogSigner> {
  return installKeyFile(path, LogSigner.generate(name));
}

/** The same with a key that is there already. */
export async function installKeyFile(path: string, signer: LogSigner): Promise<LogSigner> {
  const temporary = `${path}.${randomUUID()}`;
  await makeFolder(dirname(path));
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${signer.format()}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Unlike a rename, a link takes nobody's place.
    await link(temporary, path);
  } catch (error) {
    const other = codeOf(error) === 'EEXIST' ? await readKeyFile(path) : undefined;
    if (other === undefined) throw error;
    return other;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(dirname(path));
  return signer;
}

function parseKey(path: string, text: string): LogSigner {
  try {
    return LogSigner.parse(text);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError('key-invalid', `in ${path}, ${cause.message}`, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
