import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../../lib/client/image/image-error.ts';
import { TarFiles } from '../../../../lib/client/image/tar-files.ts';
import { gather } from '../../../../lib/encoding/gather.ts';
import { useTemporaryFolder } from '../../../support/use-temporary-folder.ts';
import { refusal } from './support/read-image.ts';
import { tarBytes, type TarEntry } from './support/tar-archive.ts';

const folder = useTemporaryFolder();
let made = 0;

async function filesOf(bytes: Uint8Array): Promise<TarFiles> {
  const path = join(folder.path, `${++made}.tar`);
  await writeFile(path, bytes);
  return TarFiles.of(await open(path), 'the.tar', bytes.length);
}

async function withFiles<T>(entries: Iterable<TarEntry>, work: (files: TarFiles) => Promise<T>): Promise<T> {
  const files = await filesOf(await tarBytes(entries));
  try {
    return await work(files);
  } finally {
    await files.close();
  }
}

async function textOf(files: TarFiles, path: string): Promise<string | undefined> {
  if ((await files.size(path)) === undefined) return undefined;
  return (await gather(files.read(path), 1e9))?.toString();
}

function text(name: string, content: string): TarEntry {
  return { name, content: Buffer.from(content) };
}

describe('the files of a tar', () => {
  test('are found by their paths, with or without a dot before them', async () => {
    const entries = [text('a', 'one'), text('./b/c', 'two'), text('b//d', 'three'), text('empty', '')];
    await withFiles(entries, async (files) => {
      expect(await textOf(files, 'a')).toBe('one');
      expect(await textOf(files, './a')).toBe('one');
      expect(await textOf(files, 'b/c')).toBe('two');
      expect(await textOf(files, 'b/d')).toBe('three');
      expect(await textOf(files, 'empty')).toBe('');
      expect(await files.size('b')).toBeUndefined();
      expect(await files.size('')).toBeUndefined();
    });
  });

  test('have names of any length and in any script', async () => {
    const names = ['x'.repeat(99), 'y'.repeat(300), `${'z/'.repeat(200)}end`, 'größe/日本語', 'é'.repeat(150)];
    const entries = names.map((name, at) => text(name, `content ${at}`));
    await withFiles(entries, async (files) => {
      for (const [at, name] of names.entries()) expect(await textOf(files, name)).toBe(`content ${at}`);
    });
  });

  test('are ten thousand without trouble', async () => {
    const entries = Array.from({ length: 10_000 }, (_, at) => text(`folder/${at}`, `${at}`.repeat(at % 700)));
    await withFiles(entries, async (files) => {
      for (const at of [0, 1, 511, 5_000, 9_999])
        expect(await textOf(files, `folder/${at}`)).toBe(`${at}`.repeat(at % 700));
    });
  });

  test('may be links to others', async () => {
    const entries: TarEntry[] = [
      text('store/layer', 'bytes'),
      { name: 'old/layer.tar', symlink: '../store/layer' },
      { name: 'older/layer.tar', symlink: '../old/layer.tar' },
      { name: 'deep/hard', hardlink: 'store/layer' },
    ];
    await withFiles(entries, async (files) => {
      for (const path of ['old/layer.tar', 'older/layer.tar', 'deep/hard'])
        expect(await textOf(files, path)).toBe('bytes');
    });
  });

  test('are nothing that lies outside the tar, or nowhere', async () => {
    const entries: TarEntry[] = [
      text('../climbs', 'x'),
      text('/absolute', 'x'),
      text('a/../../climbs', 'x'),
      { name: 'passwd', symlink: '/etc/passwd' },
      { name: 'up', symlink: '../../../../etc/passwd' },
      { name: 'hard', hardlink: '../../etc/passwd' },
      { name: 'round', symlink: 'and-round' },
      { name: 'and-round', symlink: 'round' },
      { name: 'dangling', symlink: 'nothing' },
      { name: 'self', symlink: 'self' },
    ];
    const paths = [
      ...entries.map(({ name }) => name),
      '/etc/passwd',
      '../../etc/passwd',
      '__proto__',
      'climbs',
      'absolute',
    ];
    await withFiles(entries, async (files) => {
      for (const path of paths) expect(await files.size(path), path).toBeUndefined();
    });
  });

  test('count as they came last', async () => {
    await withFiles([text('a', 'first'), text('a', 'second')], async (files) => {
      expect(await textOf(files, 'a')).toBe('second');
    });
  });
});

describe('a damaged tar', () => {
  test('is refused wherever it ends too early', async () => {
    const whole = await tarBytes([text('a', 'x'.repeat(700)), text('y'.repeat(200), 'z'.repeat(10))]);
    // Behind the content of an entry nobody can tell that more was to come.
    const header = [1, 511];
    const content = [512, 600, 512 + 699];
    const extended = [1537, 2047, 2048, 2049, 2560, 3000];
    const last = [3072, 3081];
    for (const length of [...header, ...content, ...extended, ...last]) {
      const { code } = await refusal(filesOf(whole.subarray(0, length)));
      expect(code, `${length} bytes`).toBe(length < 512 ? 'not-an-image' : 'archive-damaged');
    }
  });

  test('is told from what is no tar', async () => {
    expect(await refusal(filesOf(Buffer.from('hello')))).toEqual({
      code: 'not-an-image',
      message: 'the.tar is no tar',
    });
    expect((await refusal(filesOf(Buffer.alloc(5000, 'x')))).code).toBe('not-an-image');
  });

  test('with an extended header before nothing is refused', async () => {
    const whole = await tarBytes([text('y'.repeat(200), '')]);
    const { code, message } = await refusal(filesOf(Buffer.concat([whole.subarray(0, 1024), Buffer.alloc(1024)])));
    expect(code).toBe('archive-damaged');
    expect(message).toMatch(/extended header at byte 0/);
  });

  test('never does more harm than to be refused', async () => {
    const whole = await tarBytes([text('a', 'x'.repeat(700)), text('y'.repeat(200), 'z'), { name: 'l', symlink: 'a' }]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, mend) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        if (mend) for (let at = 0; at + 512 <= bytes.length; at += 512) mendSum(bytes.subarray(at, at + 512));
        const opened = filesOf(bytes).then((files) => files.close());
        expect(await opened.catch((error: unknown) => error)).toSatisfy(isNothingOrRefusal);
      }),
      { numRuns: 300 },
    );
  });
});

function isNothingOrRefusal(error: unknown): boolean {
  return error === undefined || error instanceof ImageError;
}

/** Gives a block that has been a header its checksum again. */
function mendSum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
