import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_MS = 2_000;

/**
 * The first signal to end. Who asks twice does not want to wait: the process then ends as soon as `beforeExit` is done, which
 * may not take long. It is for what must not be cut by an exit.
 */
export function firstSignal(beforeExit: () => Promise<void> | undefined): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    function onSignal(signal: string): void {
      if (seen) void endSoon(beforeExit);
      seen = true;
      resolve(signal);
    }
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

async function endSoon(beforeExit: () => Promise<void> | undefined): Promise<never> {
  try {
    await Promise.race([beforeExit(), sleep(LONGEST_MS)]);
  } finally {
    process.exit(1);
  }
}
