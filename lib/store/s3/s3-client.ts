import { S3Client } from '@aws-sdk/client-s3';
import type { S3Location } from './s3-location.ts';

/** How long and how often the client tries before a call fails. */
export interface S3Patience {
  readonly connectMs: number;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleMs: number;
  readonly attempts: number;
}

/** A large copy inside the S3 may be silent for long; a lost server is mostly told by its connections. */
const PATIENCE: S3Patience = { connectMs: 5_000, idleMs: 60_000, attempts: 6 };

/** A download holds a connection for as long as its reader takes, and nothing may wait for slow readers. */
const MAX_SOCKETS = 1024;

/** An S3 of one's own has no regions; the signature wants one. */
const NO_REGION = 'us-east-1';

/** The one place that makes clients. Credentials come from the environment and the files that the SDK knows, never from settings. */
export function makeS3Client(
  { endpoint, region, pathStyle }: S3Location,
  { connectMs, idleMs, attempts }: S3Patience = PATIENCE,
): S3Client {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const signed = region ?? (endpoint === undefined ? undefined : NO_REGION);
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(signed === undefined ? {} : { region: signed }),
    // Few S3s but Amazon's have a host name for every bucket.
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    maxAttempts: attempts,
    // R2, RGW and others do not know the newer checksums; the signature covers every body all the same.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs, httpAgent: agent, httpsAgent: agent },
  });
}
