import type { FamilyView } from './family-view.ts';
import type { Parts } from './version-parts.ts';

/** Which versions of a family each part is a part of. */
export class Holders {
  readonly #parts = new Map<string, Parts>();
  readonly #versions = new Map<string, Set<string>>();

  static async of(view: FamilyView): Promise<Holders> {
    const holders = new Holders();
    for (const { version, record } of view.versions) holders.#add(version, await view.parts(record));
    return holders;
  }

  partsOf(version: string): Parts {
    return this.#parts.get(version) ?? new Map();
  }

  /** Another version of which this is a part as well. */
  otherOf(name: string, version: string): string | undefined {
    for (const other of this.#versions.get(name) ?? []) if (other !== version) return other;
    return undefined;
  }

  forget(version: string): void {
    for (const name of this.partsOf(version).keys()) this.#versions.get(name)?.delete(version);
    this.#parts.delete(version);
  }

  #add(version: string, parts: Parts): void {
    this.#parts.set(version, parts);
    for (const name of parts.keys()) {
      const versions = this.#versions.get(name);
      if (versions === undefined) this.#versions.set(name, new Set([version]));
      else versions.add(version);
    }
  }
}
