import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes a new or renamed name in the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Folders whose names this process has made durable, by their whole path. */
const durable = new Set<string>();

/**
 * Like `mkdir -p`, with every folder that it makes durable. A folder that is there may have been made a moment ago by
 * somebody who has yet to make it durable, so its name is made so once by each process.
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = (await mkdir(path, { recursive: true })) ?? path;
  if (first === path && durable.has(path)) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
    durable.add(made);
  }
}

/** Gives a file whose bytes are already durable its final name, in place of what had that name. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await rename(from, to);
  await syncFolder(dirname(to));
}
