import { isNothing, NOTHING, sum, type Findings } from './findings.ts';
import { takeOutKeys } from './private-key.ts';
import { PERSONAL_PATTERNS, SECRET_PATTERNS, type SecretPattern } from './secret-patterns.ts';

/** Of SECRET_PATTERNS, of private keys, and of the mark: what changes any of them is another version. */
export const SCRUBBER_VERSION = 2;

/** Stands where something was taken out. It keeps nothing, not even a length, and no pattern takes it for a secret. */
export const MARK = '[scrubbed]';

/**
 * What stands where a secret stood may make one of its neighbours. Nobody writes so that this goes on; of text that was
 * made for it, nothing is kept.
 */
const MOST_PASSES = 8;

/** What is taken out beside secrets. */
export type Personal = 'email' | 'home';

export interface Scrubbed {
  readonly text: string;
  readonly found: Findings;
}

/** Takes secrets out of text. Pure, in time that grows with the text and no faster; what it gives back holds none. */
export class Scrubber {
  readonly also: readonly Personal[];
  readonly #patterns: readonly SecretPattern[];
  readonly #signs: RegExp;

  constructor(also: readonly Personal[] = []) {
    this.also = [...new Set(also)].sort();
    const personal = PERSONAL_PATTERNS.filter(({ kind }) => this.also.some((one) => one === kind));
    this.#patterns = [...SECRET_PATTERNS, ...personal];
    const signs = this.#patterns.flatMap((pattern) => pattern.signs);
    this.#signs = new RegExp([PRIVATE_KEY_SIGN, ...signs].map(escaped).join('|'));
  }

  /** False where nothing can be found, in a hundredth of the time of looking. */
  mayHold(text: string): boolean {
    return this.#signs.test(text);
  }

  text(text: string): Scrubbed {
    let left = text;
    let found = NOTHING;
    for (let pass = 0; pass < MOST_PASSES; pass += 1) {
      const once = this.#pass(left);
      if (isNothing(once.found)) return { text: left, found };
      left = once.text;
      found = sum(found, once.found);
    }
    return { text: MARK, found };
  }

  #pass(text: string): Scrubbed {
    if (!this.mayHold(text)) return { text, found: NOTHING };
    let left = text;
    const counts: Record<string, number> = {};
    const mark = (kind: string): string => {
      counts[kind] = (counts[kind] ?? 0) + 1;
      return MARK;
    };
    left = takeOutKeys(left, () => mark('private-key'));
    for (const { kind, signs, pattern } of this.#patterns) {
      if (signs.some((sign) => left.includes(sign))) left = left.replace(pattern, () => mark(kind));
    }
    return { text: left, found: sum(counts) };
  }

  /** Of a file or media, whatever its encoding: the forms of secrets are ASCII. */
  bytes(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly found: Findings } {
    const { text, found } = this.text(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
    return { bytes: isNothing(found) ? bytes : Buffer.from(text, 'latin1'), found };
  }
}

const PRIVATE_KEY_SIGN = 'PRIVATE KEY';

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
