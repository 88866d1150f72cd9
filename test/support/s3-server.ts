import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CephCluster, kill } from './ceph.ts';
import { freePort } from './free-port.ts';

const START_LIMIT = 30_000;

/** Who may do what in an S3. */
export interface S3User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real S3 of the tests' own on a free port of loopback: Ceph's gateway, whose conditional writes and rights are real. */
export class S3Server {
  static readonly REGION = 'us-east-1';
  readonly owner: S3User = { accessKeyId: 'assay-tests', secretAccessKey: 'never-to-be-shown' };
  readonly #cluster = new CephCluster();
  #gateway: ChildProcess | undefined;
  #client: S3Client | undefined;
  #buckets = 0;
  port = 0;

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a process is given that works as the owner of every bucket. */
  get environment(): Record<string, string> {
    return environmentOf(this.owner);
  }

  /** For tests that look at the buckets themselves. */
  get client(): S3Client {
    return (this.#client ??= this.clientOf(this.owner));
  }

  async start(): Promise<void> {
    await this.#cluster.start();
    this.port = await freePort();
    await this.addUser('owner', this.owner);
    await this.startGateway();
  }

  async startGateway(): Promise<void> {
    const frontend = `beast endpoint=127.0.0.1:${this.port} tcp_nodelay=1`;
    const gateway = this.#cluster.daemon('radosgw', ['-n', 'client.rgw', '--rgw-frontends', frontend]);
    this.#gateway = gateway;
    const until = performance.now() + START_LIMIT;
    while (!(await this.#answers())) {
      if (gateway.exitCode !== null || performance.now() > until) throw new Error('the gateway does not answer');
      await sleep(30);
    }
  }

  /** The gateway ends as in a crash; what is stored stays for the next one. */
  async stopGateway(): Promise<void> {
    if (this.#gateway !== undefined) await kill(this.#gateway);
  }

  async addUser(name: string, { accessKeyId, secretAccessKey }: S3User): Promise<void> {
    const key = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await this.admin(['user', 'create', '--uid', name, '--display-name', name, '--max-buckets', '0', ...key]);
  }

  /** What Ceph's own command for operators does with the gateway's users and buckets. */
  async admin(args: readonly string[]): Promise<string> {
    return this.#cluster.run('radosgw-admin', args);
  }

  clientOf(user: S3User): S3Client {
    return new S3Client({
      endpoint: this.endpoint,
      region: S3Server.REGION,
      forcePathStyle: true,
      credentials: user,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** The name of a new and empty bucket. */
  async freshBucket(): Promise<string> {
    this.#buckets += 1;
    const bucket = `test-${this.#buckets}`;
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
    return bucket;
  }

  /** What a server is given that keeps its blobs in a bucket of its own here. */
  async freshStore(): Promise<Record<string, string>> {
    const query = new URLSearchParams({ endpoint: this.endpoint });
    return { ...this.environment, ASSAY_BLOBS: `s3://${await this.freshBucket()}/blobs?${query.toString()}` };
  }

  async close(): Promise<void> {
    this.#client?.destroy();
    await this.#cluster.close();
  }

  async #answers(): Promise<boolean> {
    return fetch(this.endpoint).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

export function environmentOf({ accessKeyId, secretAccessKey }: S3User): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}
