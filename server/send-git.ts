import type { Context } from 'koa';
import { GitError } from '../lib/git/error.ts';
import type { AppContext } from './app-context.ts';
import { dismissBody } from './body.ts';
import { describeError } from './log.ts';
import { sendStream } from './send-stream.ts';

/** What lib/git is told of the request that it works for. */
export interface GitRequest {
  /** Fires when the client goes before the answer is out. */
  readonly signal: AbortSignal;
  readonly onFault: (error: Error) => void;
}

/** As Git's own server says it: no answer is good for a second request. */
const NEVER_CACHED = [
  'cache-control',
  'no-cache, max-age=0, must-revalidate',
  'pragma',
  'no-cache',
  'expires',
  'Fri, 01 Jan 1980 00:00:00 GMT',
];

/** Sends what lib/git answers, while there is somebody to take it. */
export async function sendGit(
  ctx: Context,
  app: AppContext,
  contentType: string,
  answer: (request: GitRequest) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const { req, res } = ctx;
  const gone = new AbortController();
  ctx.respond = false;
  ctx.status = 200;
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  function onFault(error: Error): void {
    // A body that broke off is nobody's fault here. One that was read to its end is destroyed as well.
    if ((req.destroyed && !req.complete) || res.destroyed) return;
    app.log.error('git request failed', { method: ctx.method, path: ctx.path, error: describeError(error) });
  }
  const headers = ['content-type', contentType, ...NEVER_CACHED];
  try {
    await sendStream(res, 200, headers, answer({ signal: gone.signal, onFault }), undefined);
  } catch (error) {
    const isGone = gone.signal.aborted || (error instanceof GitError && error.code === 'aborted');
    if (!isGone) throw error;
    res.destroy();
  }
  dismissBody(req, () => undefined);
}
