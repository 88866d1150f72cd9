import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import type { AppContext } from './app-context.ts';
import { respondToBadHead, respondToConnect } from './bad-head.ts';
import { Connections } from './connections.ts';
import { makeHostCheck } from './host-check.ts';
import { checkOrigin } from './origin.ts';
import { answerPull } from './pull.ts';
import { RequestError } from './request-error.ts';
import { logRequest } from './request-log.ts';
import { isDisconnect, respondError } from './respond-error.ts';
import { makeRouter, methodsOf } from './routes/router.ts';
import { nameRequest } from './trace/tracer.ts';

const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 75_000;
const MAX_HEADER_BYTES = 32 * 1024;

/** The HTTP server, not listening yet, and its connections. */
export function makeServer(app: AppContext): { readonly server: Server; readonly connections: Connections } {
  const koa = makeKoa(app);
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // A large upload may take hours; bodies are watched for progress instead.
    requestTimeout: 0,
    connectionsCheckingInterval: 5_000,
  });
  const connections = new Connections(server);
  connections.cutStalled(server, app.bodyTimeoutMs);
  const checkHost = makeHostCheck(app.hosts);
  function answer(req: IncomingMessage, res: ServerResponse): void {
    try {
      checkHost(req);
    } catch (error) {
      respondError(req, res, error, app.log);
      return;
    }
    if (!answerPull(req, res, app)) koa(req, res);
  }
  function handle(req: IncomingMessage, res: ServerResponse): void {
    connections.began(res);
    req.url = originForm(req.url ?? '/');
    if (app.logRequests) logRequest(req, res, app.log);
    if (app.tracer === undefined) answer(req, res);
    else app.tracer.request(req, res, () => answer(req, res));
  }
  server.on('request', handle);
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  server.on('connect', (req: IncomingMessage, socket: Duplex) => respondToConnect(req, socket, connections));
  server.on('clientError', (error, socket) => respondToBadHead(error, socket, connections));
  return { server, connections };
}

/** The path and query of a target that names the whole address, as to a proxy; a server must take it (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)?.[0];
  if (origin === undefined) return target;
  const rest = target.slice(origin.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function makeKoa(app: AppContext): (req: IncomingMessage, res: ServerResponse) => void {
  const koa = new Koa();
  const router = makeRouter(app);
  koa.use(async (ctx, next) => {
    const started = performance.now();
    ctx.set('X-Content-Type-Options', 'nosniff');
    try {
      checkOrigin(ctx.req);
      await next();
      if (ctx.status === 404 && ctx.body === undefined) refuseUnrouted(ctx);
    } catch (error) {
      ctx.respond = false;
      respondError(ctx.req, ctx.res, error, app.log);
    } finally {
      const seconds = (performance.now() - started) / 1000;
      const route = String(ctx.state['route'] ?? 'none');
      nameRequest(route);
      app.metrics.request(route, methodLabel(ctx.method), ctx.res.statusCode, seconds);
    }
  });
  koa.use(router);
  koa.on('error', (error: unknown) => {
    if (!isDisconnect(error)) app.log.error('answer failed', { error: String(error) });
  });
  const answer = koa.callback();
  return (req, res) => void answer(req, res);
}

function refuseUnrouted(ctx: Koa.Context): never {
  const allowed = methodsOf(ctx.path);
  if (allowed.length === 0) throw new RequestError('path-unknown', 'there is nothing at this path');
  ctx.res.setHeader('allow', allowed.join(', '));
  throw new RequestError('method-not-allowed', `this path takes ${allowed.join(', ')}`);
}

/** Node's parser takes some thirty methods; those that nothing here answers are counted as one. */
function methodLabel(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method) ? method : 'other';
}
