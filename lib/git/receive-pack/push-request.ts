import { GitError } from '../error.ts';
import { isOid, NULL_OID } from '../oid.ts';
import { textOf } from '../pkt-line.ts';
import type { PktReader } from '../pkt-reader.ts';
import type { RefUpdate } from './push-target.ts';

export interface PushRequest {
  readonly updates: readonly RefUpdate[];
  readonly capabilities: ReadonlySet<string>;
}

const MAX_UPDATES = 50_000;

/** gitprotocol-pack(5), "Reference Update Request and Packfile Transfer", up to the pack. */
export async function readPushRequest(reader: PktReader): Promise<PushRequest> {
  const updates: RefUpdate[] = [];
  const names = new Set<string>();
  let capabilities: ReadonlySet<string> = new Set();
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined && updates.length === 0) break;
    if (packet === undefined) throw new GitError('truncated', 'the request ends without a flush');
    if (packet.kind === 'flush') break;
    if (packet.kind !== 'data') throw new GitError('bad-request', `an unexpected ${packet.kind} packet`);
    const [line, list] = textOf(packet.payload).split('\0', 2) as [string, string?];
    // A client with a shallow history says where it ends; whether the pack is complete is found out anyway.
    if (line.startsWith('shallow ')) continue;
    const update = parseUpdate(line);
    if (updates.length === 0) capabilities = new Set((list ?? '').split(' '));
    if (names.has(update.name)) throw new GitError('bad-request', `${update.name} is updated twice`);
    if (updates.length === MAX_UPDATES)
      throw new GitError('limit-exceeded', `more than ${MAX_UPDATES} refs in one push`);
    names.add(update.name);
    updates.push(update);
  }
  const format = [...capabilities].find((each) => each.startsWith('object-format='));
  if (format !== undefined && format !== 'object-format=sha1')
    throw new GitError('bad-request', `${format} is not ours`);
  return { updates, capabilities };
}

function parseUpdate(line: string): RefUpdate {
  const [from, to] = [line.slice(0, 40), line.slice(41, 81)];
  const name = line.slice(82);
  if (!isOid(from) || !isOid(to) || line[40] !== ' ' || line[81] !== ' ' || name === '') {
    throw new GitError('bad-request', `not a ref update: "${line.slice(0, 100)}"`);
  }
  return { name, from: from === NULL_OID ? null : from, to: to === NULL_OID ? null : to };
}
