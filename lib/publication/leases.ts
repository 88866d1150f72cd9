import type { LeaseTerm } from '../store/lease.ts';

/** Of who writes to the target: one at a time. */
export const PUBLICATION_LEASE = 'publication';
/** Of who tells the deploy hook, which may take long and holds up no publication. */
export const HOOK_LEASE = 'deploy hook';
/** Readers wait for as long as this where a server died, and so does the site. */
export const LEASE_TERM: LeaseTerm = { termMs: 15_000, marginMs: 5_000 };
