import type { Route } from '../route.ts';
import { CHECKPOINT } from './paths.ts';

/** The signed head of the log, as it is now. */
export const checkpoint: Route = {
  name: 'log-checkpoint',
  method: 'GET',
  path: CHECKPOINT,
  async handle(ctx, { publicLog }) {
    const text = await publicLog.checkpoint();
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Type', 'text/plain; charset=utf-8');
    ctx.body = text;
  },
};
