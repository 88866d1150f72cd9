import type { Context } from 'koa';
import type { AppContext } from './app-context.ts';
import { wholeBody } from './body.ts';
import { RequestError } from './request-error.ts';

/** The body of a request as JSON. `what` names it for who sends too much. */
export async function jsonBody(ctx: Context, app: AppContext, limit: number, what: string): Promise<unknown> {
  const tooLarge = (): Error => new RequestError('body-too-large', `${what} has at most ${limit} bytes`);
  return parseJson(await wholeBody(ctx.req, ctx.res, limit, app.bodyTimeoutMs, tooLarge));
}

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new RequestError('json-invalid', 'the body is not JSON in UTF-8', { cause });
  }
}
