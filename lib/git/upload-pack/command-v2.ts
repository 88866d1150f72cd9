import { GitError } from '../error.ts';
import { textOf } from '../pkt-line.ts';
import type { PktReader } from '../pkt-reader.ts';

export interface CommandV2 {
  readonly command: string;
  readonly args: readonly string[];
}

/** gitprotocol-v2(5), "Command Request": command and capabilities, then a delimiter and arguments, then a flush. */
export async function readCommand(reader: PktReader): Promise<CommandV2 | undefined> {
  const head: string[] = [];
  const args: string[] = [];
  let lines = head;
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined) {
      if (head.length === 0) return undefined;
      throw new GitError('truncated', 'the request ends without a flush');
    }
    if (packet.kind === 'flush') break;
    if (packet.kind === 'data') lines.push(textOf(packet.payload));
    else if (packet.kind === 'delimiter' && lines === head) lines = args;
    else throw new GitError('bad-request', `an unexpected ${packet.kind} packet`);
  }
  if (head.length === 0) return undefined;
  const format = head.find((line) => line.startsWith('object-format='));
  if (format !== undefined && format !== 'object-format=sha1')
    throw new GitError('bad-request', `${format} is not ours`);
  const commands = head.filter((line) => line.startsWith('command='));
  if (commands.length !== 1) throw new GitError('bad-request', 'a request needs exactly one command');
  return { command: commands[0]!.slice('command='.length), args };
}
