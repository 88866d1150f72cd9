import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { documentOf } from '../openapi/document.ts';
import { pageOf, STYLE } from '../openapi/page.ts';
import { REVALIDATE } from '../send-found.ts';
import type { Route } from './route.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
/** The page holds no script and loads nothing. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The description of these routes, for programs and for people. It is made once, when somebody asks. */
export function apiRoutes(routes: readonly Route[]): readonly [Route, Route] {
  const document = once(() => documentOf(routes));
  const json = once(() => Buffer.from(JSON.stringify(document())));
  const page = once(() => Buffer.from(pageOf(document())));
  return [
    {
      name: 'openapi',
      method: 'GET',
      path: /^\/openapi\.json$/,
      handle: (ctx) => answer(ctx, 'application/json', json()),
    },
    {
      name: 'api-page',
      method: 'GET',
      path: /^\/docs\/api$/,
      handle(ctx) {
        ctx.set('Content-Security-Policy', POLICY);
        answer(ctx, 'text/html; charset=utf-8', page());
      },
    },
  ];
}

function answer(ctx: Context, type: string, bytes: Buffer): void {
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  ctx.set('Cache-Control', REVALIDATE);
  ctx.set('ETag', etag);
  if (ctx.get('If-None-Match') === etag) {
    ctx.status = 304;
    return;
  }
  ctx.set('Content-Type', type);
  ctx.body = bytes;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
