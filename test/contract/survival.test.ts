import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/encoding/digest.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import { entriesOf } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { runProgram } from '../support/run-program.ts';
import { saidUntilKilled } from '../support/said-until-killed.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { gathered, isSame } from './byte-sources.ts';

const KILLS = 12;
const COUNTER = fileURLToPath(new URL('../support/count-together.mjs', import.meta.url));

interface Acknowledged {
  readonly pairs: Set<number>;
  readonly blobs: Map<string, number>;
  /** The most that was staged of an upload, until its publishing began. */
  readonly staged: Map<string, number>;
}

describe('a store whose process is killed in mid-write', () => {
  const folder = useTemporaryFolder();

  test(`has all that it acknowledged and nothing torn, ${KILLS} times`, async () => {
    const acknowledged: Acknowledged = { pairs: new Set(), blobs: new Map(), staged: new Map() };
    for (let round = 0; round < KILLS; round += 1) {
      // Some die at their first writes, some in the thick of it.
      const delay = 5 + Math.random() * (round % 2 === 0 ? 60 : 350);
      const lines = await saidUntilKilled('write-until-killed.mjs', [folder.path, String(round * 1_000_000)], delay);
      for (const line of lines) note(line, acknowledged);
      await expectKept(folder.path, acknowledged);
    }
    expect(acknowledged.pairs.size).toBeGreaterThan(KILLS);
    expect(acknowledged.blobs.size).toBeGreaterThan(KILLS);
    expect(acknowledged.staged.size).toBeGreaterThan(0);
  }, 60_000);
});

describe('a store that several processes have open', () => {
  const folder = useTemporaryFolder();

  test('loses no step of a counter that they all count', async () => {
    await Promise.all([40, 50, 60].map((times) => runProgram(process.execPath, [COUNTER, folder.path, String(times)])));
    const keys = LmdbKeyedStore.open(folder.path);
    const count = await keys.get(Buffer.from('counter'));
    await keys.close();
    expect(Buffer.from(count ?? []).toString()).toBe('150');
  });
});

function note(line: string, { pairs, blobs, staged }: Acknowledged): void {
  const [what, name = '', size = ''] = line.split(' ');
  if (what === 'pair') pairs.add(Number(name));
  else if (what === 'blob') blobs.set(name, Number(size));
  else if (what === 'staged') staged.set(name, Number(size));
  else if (what === 'publishing') staged.delete(name);
}

async function expectKept(path: string, { pairs, blobs, staged }: Acknowledged): Promise<void> {
  const keys = LmdbKeyedStore.open(path);
  try {
    for (const number of pairs) {
      const value = bytesOf(`value ${number}`, (number * 97) % 3000);
      for (const letter of ['a', 'z']) {
        const found = await keys.get(Buffer.from(`${letter}/${number}`));
        expect(found !== undefined && isSame(found, value), `${letter}/${number}`).toBe(true);
      }
    }
    expect(await namesUnder(keys, 'a')).toEqual(await namesUnder(keys, 'z'));
  } finally {
    await keys.close();
  }
  const layout = new FileLayout(path);
  const store = await FileBlobStore.open(layout);
  const found = new Map<string, number>();
  for await (const { digest, size } of store.list()) {
    found.set(digest, size);
    expect(sha256(await gathered(store.read(digest)))).toBe(digest);
  }
  for (const [digest, size] of blobs) expect(found.get(digest), digest).toBe(size);
  const uploads = await FileUploadStore.open(layout);
  for (const [id, size] of staged) {
    const bytes = await gathered(uploads.read(id));
    expect(bytes.length).toBeGreaterThanOrEqual(size);
    expect(isSame(bytes, bytesOf(id, 900_000).subarray(0, bytes.length))).toBe(true);
  }
}

async function namesUnder(keys: LmdbKeyedStore, letter: string): Promise<string[]> {
  const names: string[] = [];
  const range = { start: Buffer.from(`${letter}/`), end: Buffer.from(`${letter}0`) };
  for await (const { key } of entriesOf(keys, range)) names.push(Buffer.from(key).toString('latin1', 2));
  return names;
}

/** The same bytes that the writer makes. */
function bytesOf(name: string, size: number): Buffer {
  return Buffer.alloc(size, createHash('sha512').update(name).digest());
}
