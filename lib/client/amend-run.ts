import { lstat } from 'node:fs/promises';
import type { RunAnswer, RunRecord } from '../record/wire.ts';
import type { OnProgress } from './fetch-content.ts';
import type { RunClient } from './run-client.ts';
import { readDocument, readRunDirectory, type RunDirectory } from './run-directory.ts';
import { missingMedia, sendMedia, withMedia } from './submit-run.ts';

export interface AmendOptions {
  readonly client: RunClient;
  readonly id: string;
  /** A record, or the directory of a run, which is read as `submitRun` reads it: with links and media. */
  readonly from: string;
  readonly reason: string;
  readonly expect?: string | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** Puts a corrected record in the place of the published one; of a directory, the media that the server lacks go first. */
export async function amendRun(options: AmendOptions): Promise<RunAnswer> {
  const { client, id, from, reason, expect, signal } = options;
  const { record, read } = await recordFrom(options);
  const amendment = { record, reason, ...(expect === undefined ? {} : { expect }) };
  const amend = (): Promise<RunAnswer> => client.amend(id, amendment, { signal });
  return read === undefined ? amend() : withMedia(read, options, amend);

  async function recordFrom(sending: AmendOptions): Promise<{ record: RunRecord; read?: RunDirectory }> {
    const isDirectory = (await lstat(from).catch(() => undefined))?.isDirectory() === true;
    if (!isDirectory) return { record: (await readDocument(from)) as unknown as RunRecord };
    const read = await readRunDirectory(from, signal);
    await sendMedia(await missingMedia(read, sending), sending);
    const { record: own, links } = read.submission;
    return { record: links === undefined ? own : { ...own, links: { ...own.links, ...links } }, read };
  }
}
