import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { logTo } from '../log.ts';
import { serveHere } from '../serve-here.ts';
import { FIRST } from './messages.ts';
import { Orders } from './orders.ts';

/**
 * Serves as one of several processes. It ends when it is told to, and at once when the one that watches is no more: Node ends
 * a process of a cluster then, and nobody would listen for it any longer.
 */
export async function serveAsOne(config: Config): Promise<void> {
  const orders = new Orders();
  try {
    const { number, port } = await orders.task;
    await serveHere(
      { ...config, port },
      {
        log: logTo(process.stderr, { process: number }),
        ending: orders.ending,
        keepsUp: number === FIRST,
        listening: (address) => orders.tell({ what: 'listens', address }),
        metricsText(metrics) {
          orders.countBy(metrics);
          return () => orders.sum();
        },
      },
    );
  } finally {
    cluster.worker?.disconnect();
  }
}
