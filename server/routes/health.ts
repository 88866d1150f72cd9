import type { Route } from './route.ts';

/** The process answers; nothing else is asked. */
export const health: Route = {
  name: 'healthz',
  method: 'GET',
  path: /^\/healthz$/,
  handle(ctx) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok' };
  },
};
