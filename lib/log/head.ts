import { asBuffer } from '../encoding/as-buffer.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Frontier } from './frontier.ts';
import { EMPTY_FRONTIER, rootOf } from './frontier.ts';

/** How far the events from before there was a log are in it: a key of the last one, in hex, or that all are. */
export type Backlog = 'done' | { readonly after: string };

/** What stands under the head's key. All that changes the log checks it, so that the log has one order. */
export interface Head {
  readonly frontier: Frontier;
  readonly root: Buffer;
  /** Key hash of the key that signs: servers with another one are refused. */
  readonly key: string;
  readonly backlog: Backlog;
}

interface HeadRecord {
  readonly v: 1;
  readonly size: number;
  readonly root: string;
  readonly frontier: readonly string[];
  readonly key: string;
  readonly backlog: Backlog;
}

export function firstHead(key: string): Head {
  return headOf(EMPTY_FRONTIER, key, { after: '' });
}

export function headOf(frontier: Frontier, key: string, backlog: Backlog): Head {
  return { frontier, root: rootOf(frontier), key, backlog };
}

export function encodeHead({ frontier, root, key, backlog }: Head): Buffer {
  const record: HeadRecord = {
    v: 1,
    size: frontier.size,
    root: root.toString('base64'),
    frontier: frontier.hashes.map((hash) => hash.toString('base64')),
    key,
    backlog,
  };
  return encodeJson(record);
}

export function decodeHead(value: Uint8Array): Head {
  const { size, root, frontier, key, backlog } = decodeJson<HeadRecord>(asBuffer(value));
  const hashes = frontier.map((hash) => Buffer.from(hash, 'base64'));
  return { frontier: { size, hashes }, root: Buffer.from(root, 'base64'), key, backlog };
}
