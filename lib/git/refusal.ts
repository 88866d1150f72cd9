import { GitError } from './error.ts';
import { StoreError } from '../store/store-error.ts';
import { TOLD_OF_STORE } from '../store/told-of-store.ts';
import { textPacket } from './pkt-line.ts';

/** Told of a fault that is ours: for the log. The client learns that there was one, and of trouble that passes which. */
export type OnFault = (error: Error) => void;

/** Ends an answer that fails with an error packet: gitprotocol-pack(5), "ERR". Only `aborted` is thrown on. */
export async function* refused(answer: AsyncIterable<Uint8Array>, onFault: OnFault): AsyncGenerator<Uint8Array> {
  try {
    yield* answer;
  } catch (error) {
    yield textPacket(`ERR ${publicMessage(error, onFault)}`);
  }
}

/** What the client may read of an error; throws on what nobody waits for any more. */
export function publicMessage(error: unknown, onFault: OnFault): string {
  if (error instanceof GitError) {
    if (error.code === 'aborted') throw error;
    return error.message;
  }
  onFault(error instanceof Error ? error : new Error('something that is no Error was thrown', { cause: error }));
  return (error instanceof StoreError && TOLD_OF_STORE[error.code]) || 'internal error';
}
