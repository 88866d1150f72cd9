import { createReadStream } from 'node:fs';
import type { JsonValue } from '../encoding/canonical-json.ts';
import { RunError } from '../record/run-error.ts';
import { checkSubmission } from '../record/run-request.ts';
import type { RunAnswer, RunSubmission } from '../record/wire.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
import { ClientError, isClientError } from './client-error.ts';
import type { OnProgress } from './fetch-content.ts';
import type { RunClient } from './run-client.ts';
import { readRunDirectory, type MediaFile, type RunDirectory } from './run-directory.ts';

const UPLOADS_AT_ONCE = 4;

export interface SubmitOptions {
  readonly client: RunClient;
  readonly directory: string;
  /** Reads and tells, and sends nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface SubmittedRun {
  readonly outcome: RunAnswer['outcome'] | 'would-submit';
  readonly id: string;
  readonly run?: RunAnswer['run'];
  readonly media: readonly { readonly name: string; readonly digest: string; readonly size: number }[];
  /** What the server had not. */
  readonly sent: { readonly files: number; readonly bytes: number };
}

/** Publishes the run of a directory: first the media that the server has not, then the record with its review. */
export async function submitRun(options: SubmitOptions): Promise<SubmittedRun> {
  const { client, directory, dryRun, signal } = options;
  const read = await readRunDirectory(directory, signal);
  const missing = await missingMedia(read, options);
  const sent = { files: missing.length, bytes: missing.reduce((sum, { size }) => sum + size, 0) };
  const media = read.media.map(({ name, digest, size }) => ({ name, digest, size }));
  const { id } = read.submission.record;
  if (dryRun === true) {
    checkHere(read.submission);
    return { outcome: 'would-submit', id, media, sent };
  }
  await sendMedia(missing, options);
  const { outcome, run } = await withMedia(read, options, () => client.submit(read.submission, { signal }));
  return { outcome, id, run, media, sent };
}

/** Faults that need no store to be found. A server may be of a newer release, so it is asked where it can be. */
function checkHere(submission: RunSubmission): void {
  try {
    checkSubmission(submission as unknown as JsonValue);
  } catch (cause) {
    if (!(cause instanceof RunError)) throw cause;
    throw new ClientError('bad-record', cause.message, { about: cause.detail, cause });
  }
}

type Sending = Pick<SubmitOptions, 'client' | 'signal' | 'onProgress'>;

export async function sendMedia(missing: readonly MediaFile[], { client, signal, onProgress }: Sending): Promise<void> {
  let done = 0;
  await eachAtOnce(UPLOADS_AT_ONCE, missing, async ({ digest, path }) => {
    await client.putMedia(digest, () => createReadStream(path), { signal });
    done += 1;
    onProgress?.('media', done, missing.length);
  });
}

/** Media that was there may go with an erased run before the record comes that names it, too: it is sent again, once. */
export async function withMedia<T>(read: RunDirectory, sending: Sending, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isClientError(error, 'run-invalid')) throw error;
    const missing = await missingMedia(read, sending);
    if (missing.length === 0) throw error;
    await sendMedia(missing, sending);
    return work();
  }
}

export async function missingMedia({ media }: RunDirectory, { client, signal }: Sending): Promise<MediaFile[]> {
  const files = [...new Map(media.map((file) => [file.digest, file])).values()];
  const missing: MediaFile[] = [];
  await eachAtOnce(UPLOADS_AT_ONCE, files, async (file) => {
    if (!(await client.hasMedia(file.digest, { signal }))) missing.push(file);
  });
  return missing;
}
