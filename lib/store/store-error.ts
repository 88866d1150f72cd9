/**
 * What can go wrong below the domains. An engine translates its vendor's errors into these:
 * - `full`: there is no room; nothing of the failed call is visible, and a later call may succeed
 * - `read-only`: the disk lets nobody write, be it for good or for now; nothing of the failed call is visible
 * - `busy`: somebody else holds what is needed for a moment; try again
 * - `missing`: bytes that were asked for are not there
 * - `damaged`: bytes are there that cannot be what was stored
 * - `closed`: the store was closed
 * - `failed`: anything else, with the vendor's error as cause
 */
export type StoreErrorCode = 'full' | 'read-only' | 'busy' | 'missing' | 'damaged' | 'closed' | 'failed';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
