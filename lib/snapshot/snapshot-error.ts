/**
 * What can be wrong with a snapshot, or with what it is rendered from:
 * - `body-wrong`: a source gave bytes that are not of the digest which the log names
 * - `log-other`: what was rendered before is of another log
 * - `log-short`: the log has fewer entries than are asked for
 * - `object-missing`: an object of the snapshot is not there
 * - `object-wrong`: an object's bytes are not of its digest, or say nothing that is known
 * - `format-unknown`: made by a newer program, or with other rules of scrubbing
 * - `snapshot-unknown`: no snapshot is there
 */
export type SnapshotErrorCode =
  'body-wrong' | 'log-other' | 'log-short' | 'object-missing' | 'object-wrong' | 'format-unknown' | 'snapshot-unknown';

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code: SnapshotErrorCode;

  constructor(code: SnapshotErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
