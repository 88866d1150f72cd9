import type { StoreErrorCode } from './store-error.ts';

/** What a client may know of trouble on this side, in whichever dialect it is told. Of the rest it learns that there is some. */
export const TOLD_OF_STORE: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  busy: 'the server is busy with the same thing; try again',
  closed: 'the server is busy with the same thing; try again',
  full: 'the server has no room left; nothing was stored',
  'read-only': "the server's disk takes no writes; nothing was stored",
};
