import type { Route } from './route.ts';

export const metrics: Route = {
  name: 'metrics',
  method: 'GET',
  path: /^\/metrics$/,
  async handle(ctx, app) {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Type', app.metrics.contentType);
    ctx.body = await app.metricsText();
  },
};
