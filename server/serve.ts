import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import type { KeyedStore } from '../lib/store/keyed-store.ts';
import { requireTrust, type Config } from './config.ts';
import { logTo } from './log.ts';
import { serveAsOne } from './processes/serve-as-one.ts';
import { watchProcesses } from './processes/watch.ts';
import { serveHere } from './serve-here.ts';
import { killLater } from './end-limit.ts';
import { firstSignal } from './signals.ts';

/** Serves until a signal comes, in this process or in several below it; the exit code. */
export async function serve(config: Config, print: (line: string) => void): Promise<number> {
  requireTrust(config);
  function announce(address: AddressInfo): void {
    print(`Assay listens on ${urlOf(address)}`);
    if (config.trust === 'network') print('Whoever reaches this address may read, write and delete (trust: network).');
  }
  if (config.processes > 1 && cluster.isPrimary) return watchProcesses(config, announce);
  if (config.processes > 1) {
    await serveAsOne(config);
    return 0;
  }
  let store: KeyedStore | undefined;
  const log = logTo(process.stderr);
  // Whoever reads that the server listens may tell it to end at once. An exit waits for the threads of the process, and in the
  // middle of a commit LMDB's waits for this one.
  const ending = firstSignal(() => store?.close());
  // Nor would an exit come to an end where a thread hangs.
  void ending.then(() => killLater(log, () => process.kill(process.pid, 'SIGKILL')));
  await serveHere(config, {
    log,
    ending,
    opened: (keys) => (store = keys),
    keepsUp: true,
    listening: announce,
    metricsText: (metrics) => () => metrics.text(),
  });
  return 0;
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
