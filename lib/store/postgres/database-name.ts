/** The database of a URL as people may see it in messages: where it is, without who asks and with which password. */
export function databaseName(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? (decodeURIComponent(hostname) || 'localhost');
  const at = host.startsWith('/') ? host : `${host}:${searchParams.get('port') ?? (port || '5432')}`;
  return pathname.length > 1 ? `PostgreSQL at ${at}${pathname}` : `PostgreSQL at ${at}`;
}
