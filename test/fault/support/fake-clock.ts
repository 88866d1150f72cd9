import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../support/run-program.ts';

/** A clock that the test sets while a server runs, by libfaketime; timers go on as they are, as they do when a real clock is set. */
export interface FakeClock {
  readonly environment: Readonly<Record<string, string>>;
  set(offset: string): Promise<void>;
}

export async function fakeClock(folder: string): Promise<FakeClock> {
  const file = join(folder, 'clock');
  const { stdout } = await runProgram('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD']);
  await writeFile(file, '+0');
  return {
    environment: {
      LD_PRELOAD: stdout.trim(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
    set: (offset) => writeFile(file, offset),
  };
}
