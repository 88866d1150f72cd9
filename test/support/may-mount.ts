import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own needs the right to mount, which root has on most machines and in few containers. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'assay-mount-'));
  try {
    mkdirSync(join(folder, 'disk'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(folder, 'disk')]).status === 0;
    if (mounted) spawnSync('umount', [join(folder, 'disk')]);
    return mounted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
