import { noteLapse } from './note-lapse.ts';
import type { PublishParts } from './publish-parts.ts';
import type { TargetItem } from './target.ts';

/** Removes an object while the lease is held. */
export async function removeHeld(
  parts: Pick<PublishParts, 'keys' | 'target' | 'check'>,
  name: TargetItem['name'],
): Promise<void> {
  parts.check();
  try {
    await parts.target.remove(name);
  } finally {
    // One that fails, or is cut since the server ends, may have removed it all the same.
    await noteLapse(parts);
  }
  parts.check();
}
