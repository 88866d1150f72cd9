import type { TestProject } from 'vitest/node';
import { PostgresServer } from './postgres-server.ts';
import { S3Server } from './s3-server.ts';

/** What tests have to know of engines that run as long as all of them. */
export interface SharedEngines {
  /** A database in which nothing is, and beside which others are made. */
  readonly postgres: string;
  readonly blobs: { readonly endpoint: string; readonly bucket: string };
  readonly credentials: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    sharedEngines: SharedEngines;
  }
}

/** Starts one PostgreSQL and one S3 for a whole run; they end with it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, s3] = [new PostgresServer(), new S3Server()];
  async function close(): Promise<void> {
    await Promise.all([postgres.close(), s3.close()]);
  }
  try {
    await Promise.all([postgres.start(), s3.start()]);
    project.provide('sharedEngines', {
      postgres: postgres.url('postgres'),
      blobs: { endpoint: s3.endpoint, bucket: await s3.freshBucket() },
      credentials: s3.environment,
    });
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}
