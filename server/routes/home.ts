import { VERSION } from '../version.ts';
import type { Route } from './route.ts';

/** Who opens the address in a browser or with curl sees what it is. */
export const home: Route = {
  name: 'home',
  method: 'GET',
  path: /^\/$/,
  handle(ctx) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      name: 'assay',
      version: VERSION,
      registry: '/v2/',
      repositories: '/v2/_catalog',
      api: '/docs/api',
      openapi: '/openapi.json',
      log: '/log/checkpoint',
      health: '/healthz',
      readiness: '/readyz',
      metrics: '/metrics',
    };
  },
};
