import type { Route } from './route.ts';

/** The stores answer, so that work may be sent here. */
export const ready: Route = {
  name: 'readyz',
  method: 'GET',
  path: /^\/readyz$/,
  async handle(ctx, app) {
    ctx.set('Cache-Control', 'no-store');
    await app.ready();
    ctx.body = { status: 'ready' };
  },
};
