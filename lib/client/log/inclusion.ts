import { readFile } from 'node:fs/promises';
import { checkInclusion, parseInclusion, type CheckedInclusion } from '../../log/inclusion-file.ts';
import type { AssayClient } from '../assay-client.ts';
import { ClientError } from '../client-error.ts';
import { replaceFile } from './audit-log.ts';
import { LogReader } from './log-reader.ts';

export interface ProveOptions {
  readonly client: AssayClient;
  /** The number of an entry, or the id of a run: then the entry by which it was published. */
  readonly of: string;
  readonly out: string;
  /** The log's verifier key; without it, the one that the server names is believed. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a file that proves to anybody, without a server, that the log holds an entry. It is checked before it is written. */
export async function proveInclusion({ client, of, out, key, signal }: ProveOptions): Promise<CheckedInclusion> {
  const reader = new LogReader(client.transport, signal);
  const isIndex = /^\d{1,15}$/.test(of);
  const index = isIndex ? Number(of) : await reader.placeOfRun(of);
  const file = await reader.inclusion(index);
  const checked = checkInclusion(file, key);
  const { entry } = checked;
  const isOther = checked.index !== index || (!isIndex && (entry.type !== 'run' || entry.id !== of));
  if (isOther) throw new ClientError('bad-answer', `the server proved another entry than that of ${of}`);
  await replaceFile(out, `${JSON.stringify(file, undefined, 2)}\n`);
  return checked;
}

/** What such a file proves; throws where it proves nothing. */
export async function checkInclusionFile(path: string, key?: string): Promise<CheckedInclusion> {
  return checkInclusion(parseInclusion(await readFile(path, 'utf8')), key);
}

export type { CheckedInclusion };
