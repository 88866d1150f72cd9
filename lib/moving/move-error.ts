/**
 * - `not-empty`: what is to be moved into holds something else
 * - `not-whole`: a store is not all there yet, since a move into it has not ended
 * - `in-use`: servers run on what is moved
 * - `changing`: what is moved was changed again and again meanwhile
 * - `same-place`: there is nothing to move
 * - `no-backup`: there is none, or none of that name
 * - `bad-backup`: a backup that cannot be read, or is not what was written
 * - `other-key`: another key of a log lies where a log's key belongs
 */
export type MoveErrorCode =
  'not-empty' | 'not-whole' | 'in-use' | 'changing' | 'same-place' | 'no-backup' | 'bad-backup' | 'other-key';

export class MoveError extends Error {
  override readonly name = 'MoveError';
  readonly code: MoveErrorCode;

  constructor(code: MoveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
