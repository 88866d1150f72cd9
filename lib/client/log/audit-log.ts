import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { formatVerifierKey, parseVerifierKey } from '../../log/verifier-key.ts';
import type { AssayClient } from '../assay-client.ts';
import type { OnProgress } from '../fetch-content.ts';
import { audit, openWithAny } from './audit.ts';
import { LogReader } from './log-reader.ts';

export interface AuditLogOptions {
  readonly client: AssayClient;
  /** File with a checkpoint from earlier. */
  readonly from?: string | undefined;
  /** The log's verifier key; without it, the one that the server names is believed. */
  readonly key?: string | undefined;
  /** File for the checkpoint, once all is well. */
  readonly save?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
}

export interface AuditedLog {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly key: string;
  /** How long the log was at the checkpoint that it goes on from. */
  readonly from?: number;
  readonly problems: readonly string[];
}

/** What `assay log verify` does. */
export async function auditLog({ client, from, key, save, signal, onProgress }: AuditLogOptions): Promise<AuditedLog> {
  const reader = new LogReader(client.transport, signal);
  const verifier = key === undefined ? await reader.verifier() : parseVerifierKey(key);
  const earlier = from === undefined ? undefined : await readFile(from, 'utf8');
  const start =
    earlier === undefined ? undefined : openWithAny(earlier, [verifier, ...(await reader.formerVerifiers())]);
  const { note, checkpoint, problems } = await audit({ reader, verifier, from: start, signal, onProgress });
  if (save !== undefined && problems.length === 0) await replaceFile(save, note);
  return {
    origin: checkpoint.origin,
    size: checkpoint.size,
    root: checkpoint.root.toString('base64'),
    key: formatVerifierKey(verifier),
    ...(start === undefined ? {} : { from: start.size }),
    problems,
  };
}

/** Whole or not at all: the file may be the one that this audit went on from. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
