import type { Context } from 'koa';
import type { AppContext } from './app-context.ts';
import { conforming } from '../lib/encoding/schema-check.ts';
import type { CheckedBody, JsonBody } from './openapi/described.ts';
import { wholeBody } from './body.ts';
import { RequestError } from './request-error.ts';

/** The bytes of a body, which are not too many. */
export async function bytesOf(ctx: Context, app: AppContext, { what, maxBytes }: JsonBody): Promise<Uint8Array> {
  const tooLarge = (): Error => new RequestError('body-too-large', `${what} has at most ${maxBytes} bytes`);
  return wholeBody(ctx.req, ctx.res, maxBytes, app.bodyTimeoutMs, tooLarge);
}

/** The body of a request as JSON, which somebody else looks into. */
export async function jsonBody(ctx: Context, app: AppContext, takes: JsonBody): Promise<unknown> {
  return parseJson(await bytesOf(ctx, app, takes));
}

/** The body of a request as JSON that its schema takes. */
export async function checkedBody<T>(ctx: Context, app: AppContext, takes: CheckedBody<T>): Promise<T> {
  return conforming(takes.schema, await jsonBody(ctx, app, takes), takes.what, takes.refuse);
}

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new RequestError('json-invalid', 'the body is not JSON in UTF-8', { cause });
  }
}
