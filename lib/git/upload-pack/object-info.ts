import { GitError } from '../error.ts';
import { isOid } from '../oid.ts';
import { FLUSH, textPacket } from '../pkt-line.ts';
import type { Repository } from '../refs.ts';

/** gitprotocol-v2(5), "object-info": sizes without contents. An object that is not here gets a line without a size. */
export async function* objectInfo(repository: Repository, args: readonly string[]): AsyncGenerator<Uint8Array> {
  const oids = args.filter((arg) => arg.startsWith('oid ')).map((arg) => arg.slice(4));
  const odd = args.find((arg) => arg !== 'size' && !(arg.startsWith('oid ') && isOid(arg.slice(4))));
  if (odd !== undefined) throw new GitError('bad-request', `object-info: unexpected line "${odd.slice(0, 100)}"`);
  const stats = await repository.objects.stat(oids);
  const lines = args.includes('size') ? oids.map((oid) => textPacket(`${oid} ${stats.get(oid)?.size ?? ''}`)) : [];
  yield Buffer.concat([...(args.includes('size') ? [textPacket('size')] : []), ...lines, FLUSH]);
}
