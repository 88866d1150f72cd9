import { STATUS_CODES } from 'node:http';
import type { Answer } from './errors.ts';

export interface ErrorBody {
  readonly contentType: string;
  readonly body: Buffer;
}

/** The OCI envelope below /v2/, text that Git shows to people below /git/, RFC 9457 everywhere else. */
export function errorBody(path: string, answer: Answer, requestId: string | undefined): ErrorBody {
  const { status, code, ociCode, message, detail } = answer;
  const id = requestId === undefined ? {} : { requestId };
  if (path === '/v2' || path.startsWith('/v2/')) {
    const told = detail ?? (requestId === undefined ? undefined : id);
    const envelope = { errors: [{ code: ociCode, message, ...(told === undefined ? {} : { detail: told }) }] };
    return { contentType: 'application/json', body: Buffer.from(JSON.stringify(envelope)) };
  }
  if (path.startsWith('/git/')) {
    const text = requestId === undefined ? message : `${message} (request ${requestId})`;
    return { contentType: 'text/plain; charset=utf-8', body: Buffer.from(`${text}\n`) };
  }
  const title = STATUS_CODES[status] ?? 'Error';
  const problem = {
    type: 'about:blank',
    title,
    status,
    code,
    detail: message,
    ...(detail === undefined ? {} : { about: detail }),
    ...id,
  };
  return { contentType: 'application/problem+json', body: Buffer.from(JSON.stringify(problem)) };
}
