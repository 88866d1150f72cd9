import { keyPath } from '../encoding/key-path.ts';
import type { RunFault } from './wire.ts';

/** Who has more to mend than this begins with these. */
const MOST_FAULTS = 100;
const LONGEST_PATH = 300;

/** Where in a document a check looks, and the list that it adds to where something is wrong there. */
export class Place {
  readonly #document: RunFault['document'];
  readonly #steps: readonly (string | number)[];
  readonly faults: RunFault[];

  constructor(document: RunFault['document'], faults: RunFault[], steps: readonly (string | number)[] = []) {
    this.#document = document;
    this.faults = faults;
    this.#steps = steps;
  }

  in(...steps: readonly (string | number)[]): Place {
    return new Place(this.#document, this.faults, [...this.#steps, ...steps]);
  }

  add(message: string): void {
    if (this.faults.length < MOST_FAULTS)
      this.faults.push({ document: this.#document, path: cutPath(keyPath(this.#steps)), message });
  }
}

/** Names may be long, and a path holds many. */
export function cutPath(path: string): string {
  return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;
}
