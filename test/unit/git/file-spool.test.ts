import * as fc from 'fast-check';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileSpool } from '../../../lib/git/file-spool.ts';
import { GitError } from '../../../lib/git/error.ts';
import { StoreError } from '../../../lib/store/store-error.ts';
import { mayMount } from '../../support/may-mount.ts';
import { runProgram } from '../../support/run-program.ts';
import { temporaryFolder } from './support/git-command.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

describe('a spool', () => {
  it('gives back what was put into it, in memory and in its file, while more is added', async () => {
    const step = fc.record({ bytes: fc.nat(5000), from: fc.nat(), length: fc.nat(3000) });
    const law = fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.constantFrom(0, 100, 10_000, 1_000_000),
      async (steps, memory) => {
        const spool = new FileSpool(folder.path, memory);
        let all = Buffer.alloc(0);
        const kept: [Uint8Array, Buffer][] = [];
        for (const { bytes, from, length } of steps) {
          const more = Buffer.alloc(bytes, `${all.length} `);
          await spool.append(more);
          all = Buffer.concat([all, more]);
          more.fill(0);
          const at = from % (all.length + 1);
          const end = Math.min(all.length, at + length);
          kept.push([await spool.read(at, end - at), Buffer.from(all.subarray(at, end))]);
        }
        expect(spool.size).toBe(all.length);
        // What was read stays as it is, whatever came after.
        for (const [read, expected] of kept) expect(Buffer.compare(read, expected)).toBe(0);
        await spool.close();
      },
    );
    await fc.assert(law, { numRuns: 60 });
  });

  it('refuses to read what was not put into it', async () => {
    const spool = new FileSpool(folder.path, 10);
    await spool.append(Buffer.from('12345'));
    await expect(spool.read(0, 6)).rejects.toBeInstanceOf(GitError);
    await expect(spool.read(-1, 2)).rejects.toBeInstanceOf(GitError);
    await spool.close();
  });

  it('leaves no file behind, not even while it is open', async () => {
    const spool = new FileSpool(folder.path, 0);
    await spool.append(Buffer.alloc(2_000_000));
    expect(readdirSync(folder.path)).toEqual([]);
    await spool.close();
  });

  it.skipIf(!mayMount())('says of a disk that takes no more whether it is full or read-only', async () => {
    const disk = join(folder.path, 'disk');
    mkdirSync(disk);
    await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      const spool = new FileSpool(disk, 0);
      await expect(spool.append(Buffer.alloc(2_000_000))).rejects.toMatchObject({ code: 'full' });
      await spool.close();
      await runProgram('mount', ['-o', 'remount,ro', disk]);
      const failure = await new FileSpool(disk, 0).append(Buffer.alloc(1)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreError);
      expect(failure).toMatchObject({ code: 'read-only' });
    } finally {
      await runProgram('umount', [disk]);
      rmdirSync(disk);
    }
  });
});
