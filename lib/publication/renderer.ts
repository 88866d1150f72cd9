import type { Sha256 } from '../encoding/digest.ts';
import type { ObjectSink, ObjectSource } from '../snapshot/objects.ts';

/** What the publisher needs of snapshots. */
export interface Renderer {
  /** How many entries the log has now. */
  size(): Promise<number>;

  /**
   * Renders the first so many entries into the sink, and answers with the snapshot's id. With `before`, what that
   * snapshot has is not written again.
   */
  render(
    size: number,
    before: { readonly id: Sha256; readonly objects: ObjectSource } | undefined,
    sink: ObjectSink,
  ): Promise<Sha256>;

  /** Whether that snapshot was made as this renderer makes them. Rejects as `render` does where it is damaged. */
  isAlike(before: { readonly id: Sha256; readonly objects: ObjectSource }): Promise<boolean>;

  /** The log's signed head at that size. */
  checkpoint(size: number): Promise<string | undefined>;
}
