import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import { sum, type Findings } from './findings.ts';
import type { Scrubber } from './scrubber.ts';

/** Collects what was found in the parts of a document. */
export class Scrubbing {
  readonly #scrubber: Scrubber;
  #found: Findings = {};

  constructor(scrubber: Scrubber) {
    this.#scrubber = scrubber;
  }

  get found(): Findings {
    return this.#found;
  }

  note(found: Findings): void {
    this.#found = sum(this.#found, found);
  }

  text(text: string): string {
    const { text: left, found } = this.#scrubber.text(text);
    this.note(found);
    return left;
  }

  /** Every string of a value, names as well. `written` is its JSON: where that shows no sign, the value is as it was. */
  json<T extends JsonValue>(value: T, written: string): T {
    return this.#scrubber.mayHold(written) ? (this.#value(value) as T) : value;
  }

  #value(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map((one) => this.#value(one));
    return this.#object(value as JsonObject);
  }

  /** Two names that are the same without their secrets are numbered, in the order of what they were. */
  #object(object: JsonObject): JsonObject {
    const left = new Map<string, JsonValue>();
    const numbers = new Map<string, number>();
    for (const name of Object.keys(object).sort()) {
      const bare = this.text(name);
      let free = bare;
      while (left.has(free) || (free !== name && Object.hasOwn(object, free))) {
        const number = (numbers.get(bare) ?? 1) + 1;
        numbers.set(bare, number);
        free = `${bare} ${number}`;
      }
      left.set(free, this.#value(object[name]!));
    }
    return Object.fromEntries(left);
  }
}
