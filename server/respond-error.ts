import type { IncomingMessage, ServerResponse } from 'node:http';
import { GitError } from '../lib/git/error.ts';
import { awaitsContinue, dismissBody } from './body.ts';
import { errorBody } from './error-body.ts';
import { answerTo } from './errors.ts';
import { DisconnectError } from './request-error.ts';
import { requestIdOf } from './request-id.ts';
import { loggedPath } from './request-log.ts';
import { describeError, type Log } from './log.ts';

const DISCONNECTS = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** The end of every failed request: the answer in the right envelope, and of trouble on this side a line in the log. */
export function respondError(req: IncomingMessage, res: ServerResponse, error: unknown, log: Log): void {
  const path = req.url ?? '/';
  // A client that went away needs no answer, and its going is no trouble of ours.
  if (error instanceof DisconnectError || isGivenUp(error)) {
    res.destroy();
    return;
  }
  const answer = answerTo(error);
  const requestId = answer.status >= 500 ? requestIdOf(req) : undefined;
  if (requestId !== undefined) {
    log.error('request failed', {
      requestId,
      method: req.method,
      path: loggedPath(req),
      status: answer.status,
      error: describeError(error),
    });
  }
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { contentType, body } = errorBody(path, answer, requestId);
  res.writeHead(answer.status, {
    'content-type': contentType,
    'content-length': body.length,
    'x-content-type-options': 'nosniff',
    // Who was not asked for a body may send one or not; nothing behind it could be told apart from it.
    ...(awaitsContinue(req) && !req.complete ? { connection: 'close' } : {}),
    ...answer.headers,
    ...(answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) }),
  });
  if (req.method !== 'HEAD') res.write(body);
  // Closing while the client still sends would make it lose the answer.
  dismissBody(req, () => res.end());
}

/** Work that was ended because nobody waits for it any more. */
function isGivenUp(error: unknown): boolean {
  return error instanceof GitError && error.code === 'aborted';
}

/** What a client that went away leaves behind. */
export function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISCONNECTS.has(String(error.code));
}
