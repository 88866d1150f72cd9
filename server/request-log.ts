import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from './log.ts';
import { requestIdOf } from './request-id.ts';

/** Enough of a path to find the request again. */
export const MAX_LOGGED_PATH = 500;

/** A line for each request, when it has ended. Neither query nor headers are in it: those may be secret. */
export function logRequest(req: IncomingMessage, res: ServerResponse, log: Log): void {
  const started = performance.now();
  const { method } = req;
  const path = loggedPath(req);
  const address = req.socket.remoteAddress;
  const requestId = requestIdOf(req);
  res.setHeader('x-request-id', requestId);
  res.once('close', () => {
    const ms = Math.round((performance.now() - started) * 10) / 10;
    const status = res.headersSent ? res.statusCode : undefined;
    log.info('request', {
      requestId,
      method,
      path,
      status,
      ms,
      address,
      ...(res.writableFinished ? {} : { cut: true }),
    });
  });
}

export function loggedPath({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return (query < 0 ? url : url.slice(0, query)).slice(0, MAX_LOGGED_PATH);
}
