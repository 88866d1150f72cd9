import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';

/**
 * Asks for `url` every so many milliseconds while `work` is under way, whether or not earlier ones have been answered,
 * and tells how long the slowest answer took.
 */
export async function longestProbe(url: string, everyMs: number, work: Promise<unknown>): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const probes: Promise<number>[] = [];
  const timer = setInterval(() => {
    const probed = probe(url, agent);
    probed.catch(() => undefined);
    probes.push(probed);
  }, everyMs);
  try {
    await work;
    clearInterval(timer);
    return Math.max(...(await Promise.all(probes)));
  } finally {
    clearInterval(timer);
    agent.destroy();
  }
}

async function probe(url: string, agent: Agent): Promise<number> {
  const started = performance.now();
  const request = get(url, { agent });
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  return performance.now() - started;
}
