import type { Sha256 } from '../encoding/digest.ts';
import type { PublishedSnapshot } from './publication-state.ts';
import type { Renderer } from './renderer.ts';
import type { Target, TargetItem } from './target.ts';

/** All that some snapshots consist of, found by rendering each of them again from the one before. */
export class KeptObjects {
  readonly #target: Target;
  readonly #renderer: Renderer;
  readonly #objects = new Set<TargetItem['name']>();
  #before: Parameters<Renderer['render']>[1];

  constructor(target: Target, renderer: Renderer) {
    this.#target = target;
    this.#renderer = renderer;
  }

  has(name: TargetItem['name']): boolean {
    return this.#objects.has(name);
  }

  /** Adds those that are not there yet. False where one cannot be made again as it was published. */
  async add(snapshots: readonly PublishedSnapshot[], goOn: () => void): Promise<boolean> {
    for (const { size, snapshot } of snapshots.toSorted((a, b) => a.size - b.size)) {
      if (this.#objects.has(snapshot)) continue;
      const made = await this.#render(size, goOn);
      if (made !== snapshot) return false;
      this.#before = { id: made, objects: this.#target };
    }
    return true;
  }

  #render(size: number, goOn: () => void): Promise<Sha256> {
    return this.#renderer.render(size, this.#before, {
      write: async ({ digest }) => {
        goOn();
        this.#objects.add(digest);
      },
    });
  }
}
