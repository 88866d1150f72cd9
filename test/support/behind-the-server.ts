import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyedStore } from '../../lib/store/keyed-store.ts';
import { LmdbKeyedStore } from '../../lib/store/lmdb/lmdb-keyed-store.ts';
import { parseS3Address } from '../../server/s3-address.ts';
import type { Server } from './server.ts';

/** Where a server keeps what it has: its data folder, and the settings that name other engines than those in there. */
export type Kept = Pick<Server, 'data' | 'environment'>;

/** The keys of a server, opened beside it or while it is away. */
export async function keysBehind({ data, environment }: Kept): Promise<KeyedStore> {
  const address = environment['ASSAY_STORE'];
  if (address === undefined) return LmdbKeyedStore.open(join(data, 'store'));
  const { PostgresKeyedStore } = await import('../../lib/store/postgres/postgres-keyed-store.ts');
  return PostgresKeyedStore.open(address);
}

/** What larger content and uploads take: files of the data folder or objects of the bucket, with their sizes in bytes. */
export async function piecesBehind({ data, environment }: Kept): Promise<Map<string, number>> {
  const address = environment['ASSAY_BLOBS'];
  // What is published for readers comes and goes by itself.
  if (address === undefined) return filesIn(data, ['blobs', 'uploads', 'writing']);
  return objectsAt(address, environment);
}

async function filesIn(data: string, folders: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const folder of folders) {
    const entries = await readdir(join(data, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined) sizes.set(path.slice(data.length + 1), found.size);
    }
  }
  return sizes;
}

async function objectsAt(address: string, environment: Kept['environment']): Promise<Map<string, number>> {
  const { ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3');
  const { bucket, prefix, endpoint } = parseS3Address(address);
  const client = new S3Client({
    endpoint: endpoint!,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID']!,
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY']!,
    },
  });
  try {
    const below = `${prefix}/`;
    const { Contents = [], IsTruncated } = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: below }),
    );
    if (IsTruncated === true) throw new Error('more objects than a test is meant to make');
    return new Map(Contents.map(({ Key = '', Size = 0 }) => [Key.slice(below.length), Size]));
  } finally {
    client.destroy();
  }
}
