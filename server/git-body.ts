import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Context } from 'koa';
import { gather } from '../lib/encoding/gather.ts';
import { GitError } from '../lib/git/error.ts';
import type { AppContext } from './app-context.ts';
import { bodyOf } from './body.ts';
import { DisconnectError, RequestError } from './request-error.ts';

/** What lib/git takes of a request in packets; a negotiation is all packets. */
const MAX_NEGOTIATION_BYTES = 64 * 1024 * 1024;

/** The body of a request to a Git service, as it comes, inflated where the client has deflated it. */
export function gitBody(ctx: Context, app: AppContext, service: string): AsyncIterable<Uint8Array> {
  // No page of another site can send this type without being asked for leave first.
  const type = `application/x-${service}-request`;
  if (ctx.get('Content-Type') !== type) {
    throw new RequestError('media-type-unsupported', `this takes a body of type ${type}`);
  }
  const coding = ctx.get('Content-Encoding').toLowerCase();
  const body = bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs);
  if (coding === '' || coding === 'identity') return body;
  if (coding === 'gzip' || coding === 'x-gzip') return gunzipped(body);
  throw new RequestError('coding-unsupported', 'a body comes as it is, or with Content-Encoding: gzip');
}

/** The whole body, so that no time is counted against the client while the answer is on its way. */
export async function wholeGitBody(ctx: Context, app: AppContext, service: string): Promise<Buffer> {
  const body = await gather(gitBody(ctx, app, service), MAX_NEGOTIATION_BYTES);
  if (body !== undefined) return body;
  throw new RequestError('body-too-large', `a request to ${service} has at most ${MAX_NEGOTIATION_BYTES} bytes`);
}

/** A body whose failures are told within the conversation that it is part of. */
export async function* toldInGit(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    if (cause instanceof DisconnectError) throw new GitError('aborted', cause.message, { cause });
    throw cause instanceof RequestError ? new GitError('truncated', cause.message, { cause }) : cause;
  }
}

async function* gunzipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* pipeline(body, createGunzip(), () => undefined) as AsyncIterable<Uint8Array>;
  } catch (error) {
    const isOfZlib = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
    throw isOfZlib ? new GitError('bad-request', 'the body is not well-formed gzip', { cause: error }) : error;
  }
}
