import { expect } from 'vitest';
import { assay, errorsIn } from '../../support/assay-command.ts';
import type { Server } from '../../support/server.ts';

/** All content, all names and the public log are what they should be, by the commands that an operator has. */
export async function expectWhole(server: Server): Promise<void> {
  expect(await errorsIn(server.data, server.environment)).toEqual([]);
  const { code, stdout, stderr } = await assay(['log', 'verify'], { ASSAY_URL: server.url });
  expect(`${stdout}${stderr}`).toContain('keep the rules');
  expect(code).toBe(0);
}
