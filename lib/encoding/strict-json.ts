import { DEEPEST_JSON, type JsonObject, type JsonValue } from './canonical-json.ts';
import { keyPath } from './key-path.ts';
import { isWellFormed } from './well-formed.ts';

/** JSON that not every reader takes for the same, or none at all. `path` is where: `runs[3].score`, empty for the whole. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  /** Whether `JSON.parse` refuses it, too. */
  readonly isSyntax: boolean;
  readonly path: string;
  /** Without the path. */
  readonly what: string;

  constructor(path: string, what: string, isSyntax: boolean) {
    super(`${path === '' ? 'the JSON' : path} ${what}`);
    this.isSyntax = isSyntax;
    this.path = path;
    this.what = what;
  }
}

const LONGEST_NUMBER = 100;
const LONGEST_NAME = 1000;

/**
 * Reads JSON that others wrote (RFC 8259, in UTF-8), and refuses what `JSON.parse` would quietly make something else of:
 * names that come twice, numbers that lose digits, half a surrogate pair, `__proto__`, and what is nested too deep.
 */
export function strictJson(bytes: Uint8Array, deepest: number = DEEPEST_JSON): JsonValue {
  return new Reader(decoded(bytes), deepest).document();
}

/** A byte order mark stays, and is then no JSON (section 8.1). */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError('', 'is not UTF-8', true);
  }
}

class Reader {
  readonly #text: string;
  readonly #deepest: number;
  #at = 0;
  /** The steps to the value that is being read. */
  readonly #steps: (string | number)[] = [];

  constructor(text: string, deepest: number) {
    this.#text = text;
    this.#deepest = deepest;
  }

  document(): JsonValue {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#unexpected();
    return value;
  }

  #value(): JsonValue {
    this.#space();
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#string();
    if (code === BRACE) return this.#object();
    if (code === BRACKET) return this.#list();
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.#number();
    for (const [word, value] of WORDS) if (this.#takeWord(word)) return value;
    return this.#unexpected();
  }

  #object(): JsonObject {
    const object: Record<string, JsonValue> = {};
    this.#open();
    if (this.#take(BRACE_END)) return object;
    do {
      this.#space();
      if (this.#text.charCodeAt(this.#at) !== QUOTE) this.#unexpected();
      const name = this.#name(object);
      this.#steps.push(name);
      if (!this.#take(COLON)) this.#unexpected();
      object[name] = this.#value();
      this.#steps.pop();
    } while (this.#take(COMMA));
    if (!this.#take(BRACE_END)) this.#unexpected();
    return object;
  }

  #list(): JsonValue[] {
    const list: JsonValue[] = [];
    this.#open();
    if (this.#take(BRACKET_END)) return list;
    do {
      this.#steps.push(list.length);
      list.push(this.#value());
      this.#steps.pop();
    } while (this.#take(COMMA));
    if (!this.#take(BRACKET_END)) this.#unexpected();
    return list;
  }

  /** There are as many steps to a list or an object as others that it is in. */
  #open(): void {
    if (this.#steps.length >= this.#deepest) this.#refuse(`is nested deeper than ${this.#deepest} levels`);
    this.#at += 1;
  }

  #name(object: object): string {
    const name = this.#string();
    if (name.length > LONGEST_NAME) this.#refuse(`has a name of more than ${LONGEST_NAME} characters`);
    if (name === '__proto__') this.#refuse('has the name __proto__, which some readers take for the prototype');
    if (Object.hasOwn(object, name)) this.#refuse(`has the name ${JSON.stringify(name)} twice`);
    return name;
  }

  #string(): string {
    const start = this.#at;
    let isEscaped = false;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return isEscaped ? this.#unescaped(start, at + 1) : this.#text.slice(start + 1, at);
      }
      if (code === BACKSLASH) {
        isEscaped = true;
        at += 1;
      } else if (code < SPACE) {
        this.#refuse('holds a control character that is not escaped', true);
      }
    }
    return this.#refuse('ends within a string', true);
  }

  /** Only an escape can bring half a pair: UTF-8 has none. */
  #unescaped(start: number, end: number): string {
    let text: string;
    try {
      text = JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      return this.#refuse('holds an escape that JSON has not', true);
    }
    if (!isWellFormed(text)) this.#refuse('holds a surrogate without its other half');
    return text;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0] ?? this.#unexpected();
    if (text.length > LONGEST_NUMBER) this.#refuse(`is a number of more than ${LONGEST_NUMBER} characters`);
    const number = Number(text);
    if (Math.abs(number) > Number.MAX_SAFE_INTEGER) this.#refuse(`is ${text}, beyond 2^53 - 1; write it as text`);
    if (!isSurelyKept(text) && decimal(text) !== decimal(String(number)))
      this.#refuse(`is ${text}, of which other readers keep ${number}; write it as text`);
    this.#at += text.length;
    return number === 0 ? 0 : number;
  }

  #take(code: number): boolean {
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== 10 && code !== 13 && code !== 9) return;
      this.#at += 1;
    }
  }

  #unexpected(): never {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const place = `line ${line}, column ${this.#at - before.lastIndexOf('\n')}`;
    const found = this.#text.codePointAt(this.#at);
    if (found === undefined) this.#refuse(`is not JSON: it ends at ${place}`, true);
    const shown = JSON.stringify(String.fromCodePoint(found));
    return this.#refuse(`is not JSON: ${shown} at ${place}`, true);
  }

  #refuse(what: string, isSyntax = false): never {
    throw new StrictJsonError(keyPath(this.#steps), what, isSyntax);
  }
}

/** A double keeps every decimal number of 15 digits that is neither very large nor very small. */
function isSurelyKept(text: string): boolean {
  return text.length <= 15 && !/e/i.test(text);
}

/** A number's digits without zeros at either end, and the power of ten of the last one. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = PARTS.exec(text) ?? [];
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return '0';
  return `${sign}${digits}e${Number(exponent) - fraction.length + (all.length - digits.length)}`;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const [SPACE, QUOTE, COMMA, MINUS, ZERO, NINE, COLON] = [32, 34, 44, 45, 48, 57, 58] as const;
const [BRACKET, BACKSLASH, BRACKET_END, BRACE, BRACE_END] = [91, 92, 93, 123, 125] as const;
