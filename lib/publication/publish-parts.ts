import type { KeyedStore } from '../store/keyed-store.ts';
import type { Renderer } from './renderer.ts';
import type { Target } from './target.ts';

/** What all that is done under the publisher's lease works with. */
export interface PublishParts {
  readonly keys: KeyedStore;
  readonly target: Target;
  readonly renderer: Renderer;
  readonly now: () => number;
  /** Whether somebody is to be told of what is published. */
  readonly hasHook: boolean;
  /** An object that was written longer ago than this may be in the hands of a sweep. */
  readonly freshMs: number;
  /** Throws when the lease has run out. */
  readonly check: () => void;
  readonly onProgress?: (objects: number) => void;
}
