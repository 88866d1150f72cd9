import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { textAt } from '../../support/deployed.ts';
import { describeWith } from '../../support/programs.ts';
import { tryProgram } from '../../support/run-program.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

describeWith(['systemd-analyze'], 'assay.service', () => {
  const folder = useTemporaryFolder();

  test('is understood by systemd, line by line', async () => {
    const { code, stderr } = await verify(textAt('deploy/assay.service'));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('would be named where it is not', async () => {
    const { stderr } = await verify(textAt('deploy/assay.service').replace('ProtectHome=yes', 'ProtectHouse=yes'));
    expect(stderr).toContain('ProtectHouse');
  });

  test('is exposed to little', async () => {
    const unit = await place(textAt('deploy/assay.service'));
    // Of 100; the exposure that systemd prints is a tenth of it.
    const { code, stdout } = await tryProgram('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=20',
      unit,
    ]);
    expect(stdout).toContain('Overall exposure level');
    expect(code).toBe(0);
  });

  async function verify(text: string): Promise<{ code: number | null; stderr: string }> {
    return tryProgram('systemd-analyze', ['verify', '--man=no', await place(text)]);
  }

  /** With the Node of this machine: systemd looks whether the program is there. */
  async function place(text: string): Promise<string> {
    const path = join(folder.path, 'assay.service');
    await writeFile(path, text.replace('/usr/bin/node', process.execPath));
    return path;
  }
});
