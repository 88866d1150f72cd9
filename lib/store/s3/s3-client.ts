import { S3Client } from '@aws-sdk/client-s3';
import type { S3Location } from './s3-location.ts';

/** How long and how often the client tries before a call fails. */
export interface S3Patience {
  readonly connectMs: number;
  /** A connection on which nothing moves for so long is given up; of 6 s and more, 3 s later. */
  readonly idleMs: number;
  readonly attempts: number;
  /** No further attempt begins when a call has taken so long. */
  readonly retryMs?: number;
}

/** A silent S3 is asked twice, and given up before half a minute is over; one that throttles, or cannot be connected to, six times. */
export const USUAL: S3Patience = { connectMs: 5_000, idleMs: 9_000, attempts: 6, retryMs: 15_000 };

/** A large copy inside the S3 may be silent for long, and so may who takes the end of a large body. */
export const PATIENT: S3Patience = { connectMs: 5_000, idleMs: 27_000, attempts: 6, retryMs: 15_000 };

/** Whether the S3 answers is asked once, and soon known. */
export const IMPATIENT: S3Patience = { connectMs: 2_000, idleMs: 2_000, attempts: 1 };

/** A download holds a connection for as long as its reader takes, and nothing may wait for slow readers. */
const MAX_SOCKETS = 1024;

/** An S3 of one's own has no regions; the signature wants one. */
const NO_REGION = 'us-east-1';

/** The one place that makes clients. Credentials come from the environment and the files that the SDK knows, never from settings. */
export function makeS3Client(
  { endpoint, region, pathStyle }: S3Location,
  { connectMs, idleMs, attempts, retryMs }: S3Patience = USUAL,
): S3Client {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const signed = region ?? (endpoint === undefined ? undefined : NO_REGION);
  const client = new S3Client({
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
  if (retryMs !== undefined) limitRetries(client, retryMs);
  return client;
}

/** The SDK counts attempts and not the time that they take. It asks for the strategy once for each call. */
function limitRetries({ config }: S3Client, retryMs: number): void {
  const { retryStrategy } = config;
  config.retryStrategy = async () => {
    const strategy = await retryStrategy();
    if (!('acquireInitialRetryToken' in strategy)) return strategy;
    const since = performance.now();
    return {
      acquireInitialRetryToken: (scope) => strategy.acquireInitialRetryToken(scope),
      async refreshRetryTokenForRetry(token, failure) {
        if (performance.now() - since > retryMs) throw new Error('the call has taken long enough');
        return strategy.refreshRetryTokenForRetry(token, failure);
      },
      recordSuccess: (token) => strategy.recordSuccess(token),
    };
  };
}
