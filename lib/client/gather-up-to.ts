import { gather } from '../encoding/gather.ts';
import { ClientError } from './client-error.ts';

/** All the bytes of an answer, in one piece. More than the limit is refused before it fills the memory. */
export async function gatherUpTo(limit: number, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const bytes = await gather(source, limit);
  if (bytes === undefined) throw new ClientError('bad-answer', `the server sent more than ${limit} bytes`);
  return bytes;
}
