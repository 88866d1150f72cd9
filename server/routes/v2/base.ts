import type { Route } from '../route.ts';
import { BASE } from './paths.ts';

/** end-1: this is a registry. */
export const base: Route = {
  name: 'base',
  method: 'GET',
  path: BASE,
  handle(ctx) {
    ctx.set('Docker-Distribution-Api-Version', 'registry/2.0');
    ctx.body = {};
  },
};
