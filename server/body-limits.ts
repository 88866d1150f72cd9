import type { Context } from 'koa';
import type { AppContext } from './app-context.ts';
import { bodyOf, type BodyLimits } from './body.ts';
import { respondError } from './respond-error.ts';

export function limitsFor(ctx: Context, app: AppContext): BodyLimits {
  return {
    timeoutMs: app.bodyTimeoutMs,
    onStall: (error) => {
      ctx.respond = false;
      respondError(ctx.req, ctx.res, error, app.log);
    },
  };
}

/** The request's body as it comes, under the server's limits. */
export function bodyIn(ctx: Context, app: AppContext): AsyncIterable<Uint8Array> {
  return bodyOf(ctx.req, ctx.res, limitsFor(ctx, app));
}
