import type { Fault } from '../wire.ts';
import { cut, printable } from './quoted.ts';
import { keyOf, type Place } from './toml-node.ts';

/** Who has more to mend than this begins with these. */
const MOST_FAULTS = 100;
const LONGEST_KEY = 300;

/** The faults of one metadata file, as they are found. */
export class FaultList {
  readonly file: string;
  readonly #faults: Fault[] = [];

  constructor(file: string) {
    this.file = file;
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  /** In the order of their lines. */
  get all(): readonly Fault[] {
    return this.#faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }

  /** Says what is wrong at a place in the file. */
  add(place: Place, message: string): void {
    const { line, column } = place;
    const key = printable(cut(keyOf(place), LONGEST_KEY));
    this.#add({ file: this.file, line, column, ...(key !== '' && { key }), message });
  }

  /** Says what is wrong at no one key. */
  addOfFile(message: string, line?: number): void {
    this.#add({ file: this.file, ...(line !== undefined && { line }), message });
  }

  #add(fault: Fault): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push(fault);
  }
}
