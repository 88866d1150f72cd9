import { createReadStream } from 'node:fs';
import type { RunAnswer } from '../record/wire.ts';
import { eachAtOnce } from '../encoding/each-at-once.ts';
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
  if (dryRun === true) return { outcome: 'would-submit', id, media, sent };
  let done = 0;
  await eachAtOnce(UPLOADS_AT_ONCE, missing, async ({ digest, path }) => {
    await client.putMedia(digest, () => createReadStream(path), { signal });
    done += 1;
    options.onProgress?.('media', done, missing.length);
  });
  const { outcome, run } = await client.submit(read.submission, { signal });
  return { outcome, id, run, media, sent };
}

async function missingMedia({ media }: RunDirectory, { client, signal }: SubmitOptions): Promise<MediaFile[]> {
  const files = [...new Map(media.map((file) => [file.digest, file])).values()];
  const missing: MediaFile[] = [];
  await eachAtOnce(UPLOADS_AT_ONCE, files, async (file) => {
    if (!(await client.hasMedia(file.digest, { signal }))) missing.push(file);
  });
  return missing;
}
