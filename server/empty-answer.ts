import type { Context } from 'koa';

/** An answer that is all in its status and headers. */
export function answerEmpty(ctx: Context, status: number): void {
  ctx.status = status;
  ctx.body = '';
  ctx.remove('Content-Type');
}
