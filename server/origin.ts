import type { IncomingMessage } from 'node:http';
import { RequestError } from './request-error.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a write that a page of another site makes through the browser of somebody who reaches this server. Browsers
 * say from where a page comes (Fetch standard, "Origin" and "Sec-Fetch-Site"); other programs send neither.
 */
export function checkOrigin({ method = 'GET', headers }: IncomingMessage): void {
  if (READS.has(method)) return;
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isForeign = site === 'cross-site' || site === 'same-site';
  if (!isForeign && (origin === undefined || hostOf(origin) === host?.toLowerCase())) return;
  throw new RequestError('origin-foreign', 'a page of another site may not write here');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
