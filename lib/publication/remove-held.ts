import type { PublishParts } from './publish-parts.ts';
import { changeState } from './publication-state.ts';
import type { TargetItem } from './target.ts';
import { isBusy } from './unless-busy.ts';

/**
 * Removes an object while the lease is held. A process may stand still between its look at the lease and the removal, and
 * somebody else may have put the object anew by then. No target can be kept from that, so it is noted, and the next
 * publication puts whatever is missing.
 */
export async function removeHeld(
  { keys, target, check }: Pick<PublishParts, 'keys' | 'target' | 'check'>,
  name: TargetItem['name'],
): Promise<void> {
  check();
  await target.remove(name);
  try {
    check();
  } catch (error) {
    if (isBusy(error)) await changeState(keys, (state) => ({ ...state, doubted: true }));
    throw error;
  }
}
