import { run } from '../process/run.ts';

export interface Requests {
  url: string;
  seconds: number;
  connections: number;
  accept?: string;
  signal: AbortSignal;
}

/** Requests a second over kept connections; fails if any answer was not a success. */
export async function wrkGets(requests: Requests): Promise<number> {
  const { url, connections, signal, accept } = requests;
  const seconds = Math.max(1, Math.round(requests.seconds));
  const headers = accept === undefined ? [] : ['-H', `Accept: ${accept}`];
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', ...headers, url];
  const printed = await run('wrk', args, { seconds: seconds + 30, signal });
  if (/Socket errors|Non-2xx/.test(printed)) throw new Error(`wrk saw failures at ${url}:\n${printed}`);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1]);
  if (!(rate > 0)) throw new Error(`wrk got no answer from ${url}:\n${printed}`);
  return rate;
}
