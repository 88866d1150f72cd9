import type { Route } from './route.ts';

/** The stores answer and take writes, so that work may be sent here; otherwise 503 with the names of those that do not. */
export const ready: Route = {
  name: 'readyz',
  method: 'GET',
  path: /^\/readyz$/,
  async handle(ctx, app) {
    ctx.set('Cache-Control', 'no-store');
    const { unreachable, unwritable } = await app.readiness.look();
    if (unreachable.length === 0 && unwritable.length === 0) {
      ctx.body = { status: 'ready' };
      return;
    }
    ctx.status = 503;
    ctx.set('Retry-After', '1');
    ctx.body = { status: 'unready', unreachable, ...(unwritable.length === 0 ? {} : { unwritable }) };
  },
};
