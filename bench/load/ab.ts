import { run } from '../process/run.ts';
import type { Requests } from './wrk.ts';

const mostRequestsASecond = 200_000;

/** HEAD requests a second. wrk waits for the body that a HEAD's Content-Length announces and never asks again. */
export async function abHeads(requests: Requests): Promise<number> {
  const { url, connections, signal } = requests;
  const seconds = Math.max(1, Math.round(requests.seconds));
  // -t implies -n 50000, so a larger -n has to follow it.
  const limits = ['-t', String(seconds), '-n', String(seconds * mostRequestsASecond)];
  const printed = await run('ab', ['-q', '-k', '-i', '-c', String(connections), ...limits, url], {
    seconds: seconds + 30,
    signal,
  });
  const failed = Number(/Failed requests:\s+(\d+)/.exec(printed)?.[1]);
  if (failed !== 0 || /Non-2xx/.test(printed)) throw new Error(`ab saw failures at ${url}:\n${printed}`);
  const rate = Number(/Requests per second:\s+([\d.]+)/.exec(printed)?.[1]);
  if (!(rate > 0)) throw new Error(`ab got no answer from ${url}:\n${printed}`);
  return rate;
}
