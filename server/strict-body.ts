import type { Context } from 'koa';
import type { JsonValue } from '../lib/encoding/canonical-json.ts';
import { StrictJsonError } from '../lib/encoding/strict-json.ts';
import { readRequest } from '../lib/record/run-request.ts';
import type { AppContext } from './app-context.ts';
import { bytesOf } from './json-body.ts';
import type { JsonBody } from './openapi/described.ts';
import { RequestError } from './request-error.ts';

/** The body of a request as JSON that every reader takes for the same. */
export async function strictBody(ctx: Context, app: AppContext, takes: JsonBody): Promise<JsonValue> {
  const body = await bytesOf(ctx, app, takes);
  try {
    return readRequest(body);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new RequestError('json-invalid', error.message, { cause: error });
    throw error;
  }
}
