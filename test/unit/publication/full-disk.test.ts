import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryTarget } from '../../../lib/publication/directory-target.ts';
import { parsePointer } from '../../../lib/publication/pointer.ts';
import { Publisher } from '../../../lib/publication/publisher.ts';
import { readState } from '../../../lib/publication/publication-state.ts';
import { CountingRenderer } from '../../support/counting-renderer.ts';
import { mayMount } from '../../support/may-mount.ts';
import { runProgram } from '../../support/run-program.ts';
import { useStores } from '../../support/use-stores.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

describe.skipIf(!mayMount())('a folder on a full disk', () => {
  const stores = useStores();
  const folder = useTemporaryFolder();
  let disk: string;

  beforeAll(async () => {
    disk = join(folder.path, 'disk');
    await mkdir(disk);
    await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  });
  afterAll(() => runProgram('umount', [disk]));

  test('shows what was live, says what is in the way, and goes on when there is room', async () => {
    const target = new DirectoryTarget(join(disk, 'public'));
    const renderer = new CountingRenderer();
    const { keys } = stores();
    let time = 1_800_000_000_000;
    const publisher = new Publisher({
      keys,
      target,
      renderer,
      clock: { now: () => time, ticks: () => time },
      graceMs: 3_600_000,
    });
    renderer.entries = 5;
    await publisher.publishNow();
    // As much as there is, and then the last pages.
    for (const size of [65_536, 4096]) {
      const fill = (at: number): Promise<void> => writeFile(join(disk, `filler-${size}-${at}`), Buffer.alloc(size));
      for (let at = 0, hasRoom = true; hasRoom; at += 1) {
        hasRoom = await fill(at).then(
          () => true,
          () => false,
        );
      }
    }
    renderer.entries = 25;
    for (let tick = 0; tick < 8; tick += 1, time += 500) await publisher.look();
    const { state } = await readState(keys);
    expect(state.failures).toBeGreaterThan(0);
    expect(state.lastError).toContain('ENOSPC');
    expect(parsePointer((await target.pointer())!.bytes).size).toBe(5);
    await rm(join(disk, 'filler-65536-0'));
    for (let tick = 0; tick < 60; tick += 1, time += 500) await publisher.look();
    expect(parsePointer((await target.pointer())!.bytes).size).toBe(25);
    expect((await readState(keys)).state.failures).toBe(0);
  });
});
