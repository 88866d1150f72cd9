import type { PublishParts } from './publish-parts.ts';
import { changeState } from './publication-state.ts';
import { isBusy } from './unless-busy.ts';

/**
 * For who has just changed the target under the lease. A process may stand still between its look at the lease and the
 * change, and others may have put or removed objects by then that it knows nothing of. No target can be kept from that, so it
 * is noted, and the next publication puts whatever is missing.
 */
export async function noteLapse({ keys, check }: Pick<PublishParts, 'keys' | 'check'>): Promise<void> {
  try {
    check();
  } catch (error) {
    if (isBusy(error)) await changeState(keys, (state) => ({ ...state, doubted: true }));
  }
}
