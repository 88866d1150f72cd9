import { readFile } from 'node:fs/promises';
import { fail, ok, warn, type Finding } from './finding.ts';

const LEAST = 256;
const COMFORT = 4096;
const OLDEST_NODE = [20, 19] as const;

/** How many files and connections a process of this user may have open. The server's own limit is that of who starts it. */
export async function checkFileLimit(): Promise<Finding> {
  const check = 'open files';
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const said = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (said === undefined) return ok(check, 'this system does not tell its limit');
  const limit = said === 'unlimited' ? Infinity : Number(said);
  const text = `a process may have ${said} open`;
  const advice =
    'raise it where the server is started (ulimit -n, LimitNOFILE=): every connection and upload needs one';
  if (limit < LEAST) return fail(check, text, advice);
  return limit < COMFORT ? warn(check, text, advice) : ok(check, text);
}

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isGood = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isGood) return ok('node', process.versions.node);
  return fail('node', process.versions.node, `run Node ${OLDEST_NODE.join('.')} or newer`);
}
