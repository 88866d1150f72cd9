import { formatVerifierKey } from '../../../lib/log/verifier-key.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { KEY, KEYS } from './paths.ts';

/** The verifier key of the log, as one line. */
export const logKey: Route = {
  name: 'log-key',
  method: 'GET',
  path: KEY,
  handle(ctx, { publicLog }) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.set('Content-Type', 'text/plain; charset=utf-8');
    ctx.body = `${formatVerifierKey(publicLog.verifier)}\n`;
  },
};

/** That key, and those before it, each with the last checkpoint that it signed. */
export const logKeys: Route = {
  name: 'log-keys',
  method: 'GET',
  path: KEYS,
  async handle(ctx, { publicLog }) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await publicLog.listKeys();
  },
};
