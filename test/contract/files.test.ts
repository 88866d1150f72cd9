import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BlobStore } from '../../lib/store/blob-store.ts';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import type { UploadStore } from '../../lib/store/upload-store.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { blobStoreContract } from './blob-store-contract.ts';
import { failingAfter, gathered, inPieces, isSame, sampleBlob } from './byte-sources.ts';
import { useEngine, type Engine, type Trial } from './harness.ts';
import { moveMarkContract } from './move-mark-contract.ts';
import { uploadStoreContract, type UploadTrial } from './upload-store-contract.ts';

interface FilesTrial<S> extends Trial<S> {
  readonly root: string;
  readonly layout: FileLayout;
  readonly remove: () => Promise<void>;
}

const blobEngine = {
  name: 'files',
  async setup(): Promise<FilesTrial<FileBlobStore>> {
    const folder = await makeTemporaryFolder();
    const { path } = folder;
    const remove = (): Promise<void> => folder.remove();
    const layout = new FileLayout(path);
    const store = await FileBlobStore.open(layout);
    return {
      store,
      root: path,
      layout,
      remove,
      reopen: () => FileBlobStore.open(layout),
      leftovers: () => strays(path, store),
    };
  },
  teardown: ({ remove }: FilesTrial<BlobStore>) => remove(),
} satisfies Engine<FileBlobStore, FilesTrial<FileBlobStore>>;

const uploadEngine = {
  name: 'files',
  async setup(): Promise<FilesTrial<UploadStore> & UploadTrial> {
    const folder = await makeTemporaryFolder();
    const { path } = folder;
    const remove = (): Promise<void> => folder.remove();
    const layout = new FileLayout(path);
    const blobs = await FileBlobStore.open(layout);
    const store = await FileUploadStore.open(layout);
    return { store, blobs, root: path, layout, remove, reopen: () => FileUploadStore.open(layout) };
  },
  teardown: ({ remove }: FilesTrial<UploadStore>) => remove(),
} satisfies Engine<UploadStore, FilesTrial<UploadStore> & UploadTrial>;

/** Files that are no blob of the store. */
async function strays(root: string, store: BlobStore): Promise<string[]> {
  const known = new Set<string>();
  for await (const { digest } of store.list()) known.add(new FileLayout(root).blob(digest));
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !known.has(path))
    .map((path) => relative(root, path));
}

blobStoreContract(blobEngine);
moveMarkContract(blobEngine);
uploadStoreContract(uploadEngine);

describe('the files of blobs', () => {
  const trial = useEngine<BlobStore, FilesTrial<BlobStore>>(blobEngine);

  test('lie where they always did: blobs/ab/<hex>', async () => {
    const { store, root } = trial();
    const { bytes, digest } = sampleBlob(1000);
    await store.write(digest, inPieces(bytes));
    const hex = digest.slice('sha256:'.length);
    expect((await readdir(join(root, 'blobs'), { recursive: true })).sort()).toEqual([
      hex.slice(0, 2),
      `${hex.slice(0, 2)}/${hex}`,
    ]);
  });

  test('are listed without what is no blob beside them', async () => {
    const { store, layout } = trial();
    const { bytes, digest } = sampleBlob(1000);
    await store.write(digest, inPieces(bytes));
    const folder = join(layout.blob(digest), '..');
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, `${digest.slice(7)}.tmp`), 'x');
    await writeFile(join(folder, digest.slice(7).toUpperCase()), 'x');
    await mkdir(join(layout.blobs, 'lost+found'));
    const listed: string[] = [];
    for await (const found of store.list()) listed.push(found.digest);
    expect(listed).toEqual([digest]);
  });

  test('are listed although a file lies among their folders', async () => {
    const { store, layout } = trial();
    const { bytes, digest } = sampleBlob(1000);
    await store.write(digest, inPieces(bytes));
    await writeFile(join(layout.blobs, '.DS_Store'), 'x');
    await writeFile(join(layout.blobs, digest.startsWith('sha256:ab') ? 'cd' : 'ab'), 'x');
    const listed: string[] = [];
    for await (const found of store.list()) listed.push(found.digest);
    expect(listed).toEqual([digest]);
  });

  test('are cleared of what a process left behind an hour ago, and of nothing that may still be written', async () => {
    const { layout, reopen } = trial();
    const [old, young] = ['old', 'young'].map((name) => join(layout.writing, name));
    for (const path of [old, young]) await writeFile(path ?? '', 'half a blob');
    const past = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(old ?? '', past, past);
    await reopen();
    expect(await readdir(layout.writing)).toEqual(['young']);
  });

  test('are whole in a folder that is named relative to where the process runs', async () => {
    const { root } = trial();
    const path = relative(process.cwd(), join(root, 'deep', 'er'));
    const store = await FileBlobStore.open(new FileLayout(path));
    const { bytes, digest } = sampleBlob(1000);
    await store.write(digest, inPieces(bytes));
    expect(
      isSame(await gathered((await FileBlobStore.open(new FileLayout(join(root, 'deep', 'er')))).read(digest)), bytes),
    ).toBe(true);
  });
});

describe('what a source of bytes fails with', () => {
  const blobs = useEngine<BlobStore, FilesTrial<BlobStore>>(blobEngine);
  const uploads = useEngine<UploadStore, FilesTrial<UploadStore> & UploadTrial>(uploadEngine);
  const FAILURES = ['ENOSPC', 'EPIPE', 'ENOENT'].map((code) =>
    Object.assign(new Error(code), { code, syscall: 'read' }),
  );

  test.each(FAILURES)('passes as it is, though it looks like an error of a file: $code', async (failure) => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1000);
      throw failure;
    }
    await expect(blobs().store.write(sampleBlob(10).digest, source())).rejects.toBe(failure);
    await expect(uploads().store.append(randomUUID(), 0, source())).rejects.toBe(failure);
  });

  test('leaves no listener on the signal, and nor does a write that ends well', async () => {
    const { signal } = new AbortController();
    const { bytes, digest } = sampleBlob(500_000);
    await blobs().store.write(digest, inPieces(bytes, 1000), signal);
    await blobs()
      .store.write(digest, failingAfter(bytes), signal)
      .catch(() => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('the files of uploads', () => {
  const trial = useEngine<UploadStore, FilesTrial<UploadStore> & UploadTrial>(uploadEngine);

  test('are listed without what is no upload beside them', async () => {
    const { store, layout } = trial();
    const id = randomUUID();
    await store.append(id, 0, inPieces(Buffer.alloc(10)));
    for (const name of ['.DS_Store', `${id}.bak`]) await writeFile(join(layout.uploads, name), 'x');
    await mkdir(join(layout.uploads, 'lost+found'));
    const listed: string[] = [];
    for await (const upload of store.list()) listed.push(upload.id);
    expect(listed).toEqual([id]);
  });
});

describe('files that are only looked at', () => {
  const folder = useTemporaryFolder();

  test('stay as they are, and where there are none, nothing is stored', async () => {
    const layout = new FileLayout(join(folder.path, 'not there'));
    const [blobs, uploads] = [FileBlobStore.existing(layout), FileUploadStore.existing(layout)];
    for (const list of [blobs.list(), uploads.list()]) expect(await list.next()).toMatchObject({ done: true });
    expect(await blobs.stat(sampleBlob(10).digest)).toBeUndefined();
    expect(await readdir(folder.path)).toEqual([]);
    await FileBlobStore.open(layout);
    const left = join(layout.writing, 'old');
    await writeFile(left, 'half a blob');
    await utimes(left, 0, 0);
    FileBlobStore.existing(layout);
    expect(await readdir(layout.writing)).toEqual(['old']);
  });
});
