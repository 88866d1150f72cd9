import { StoreError } from '../store-error.ts';

/** The database of a URL as people may see it in messages: where it is, without who asks and with which password. */
export function databaseName(url: string): string {
  // What the URL class throws would hold the URL, and with it the password.
  if (!URL.canParse(url)) throw new StoreError('failed', 'the address of the database cannot be read');
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? (decodeURIComponent(hostname) || 'localhost');
  const at = host.startsWith('/') ? host : `${host}:${searchParams.get('port') ?? (port || '5432')}`;
  return pathname.length > 1 ? `PostgreSQL at ${at}${pathname}` : `PostgreSQL at ${at}`;
}
