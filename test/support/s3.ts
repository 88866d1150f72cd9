import { afterAll, beforeAll } from 'vitest';
import { S3Server } from './s3-server.ts';

export { environmentOf, S3Server, type S3User } from './s3-server.ts';

/**
 * One server for the tests of the enclosing `describe` (or file), and its owner's credentials in the environment, where
 * the stores look for them. It is up in about a second.
 */
export function useS3(): S3Server {
  const server = new S3Server();
  const before = { ...process.env };
  beforeAll(async () => {
    await server.start();
    Object.assign(process.env, server.environment);
  });
  afterAll(async () => {
    for (const name of Object.keys(server.environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await server.close();
  });
  return server;
}
