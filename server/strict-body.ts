import type { Context } from 'koa';
import type { JsonValue } from '../lib/encoding/canonical-json.ts';
import { StrictJsonError } from '../lib/encoding/strict-json.ts';
import { readRequest } from '../lib/record/run-request.ts';
import type { AppContext } from './app-context.ts';
import { wholeBody } from './body.ts';
import { RequestError } from './request-error.ts';

/** The body of a request as JSON that every reader takes for the same. */
export async function strictBody(ctx: Context, app: AppContext, limit: number, what: string): Promise<JsonValue> {
  const tooLarge = (): Error => new RequestError('body-too-large', `${what} has at most ${limit} bytes`);
  const body = await wholeBody(ctx.req, ctx.res, limit, app.bodyTimeoutMs, tooLarge);
  try {
    return readRequest(body);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new RequestError('json-invalid', error.message, { cause: error });
    throw error;
  }
}
