import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Config } from '../config.ts';
import { fail, ok, reasonOf, warn, type Finding } from './finding.ts';

const PATIENCE_MS = 10_000;

/** That the deploy hook can be reached. Nothing is asked of it, for any request may start a deployment. */
export async function checkHook({ deployHook }: Config): Promise<Finding[]> {
  if (deployHook === undefined) return [];
  const { protocol, hostname, port, host } = new URL(deployHook);
  const secure = protocol === 'https:';
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80) };
  try {
    await reach(to, secure);
    return [ok('deploy hook', `${host} can be reached`)];
  } catch (error) {
    return [fail('deploy hook', `${host}: ${reasonOf(error)}`, 'look at ASSAY_DEPLOY_HOOK, at names and at firewalls')];
  }
}

function reach(to: { host: string; port: number }, secure: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ ...to, servername: to.host }) : connect(to);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.once('error', reject);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Whether a server answers where these settings say; that none does is no fault of the data. */
export async function checkServer({ host, port }: Config): Promise<Finding> {
  const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  try {
    const answer = await fetch(`http://${name}:${port}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.body?.cancel();
    if (answer.ok) return ok('server', `one is ready at ${name}:${port}`);
    return warn('server', `${name}:${port}/readyz says ${answer.status}`, "look into the server's log");
  } catch {
    return ok('server', `none answers at ${name}:${port}`);
  }
}
