import { afterAll, beforeAll } from 'vitest';
import { PostgresServer } from './postgres-server.ts';

export { PostgresServer } from './postgres-server.ts';

/** One server for the tests of the enclosing `describe` (or file). */
export function usePostgres(): PostgresServer {
  const server = new PostgresServer();
  beforeAll(() => server.start());
  afterAll(() => server.close());
  return server;
}
