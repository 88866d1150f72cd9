import { keyPath } from './key-path.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Lists and objects within each other; what is deeper ends the stack of some reader. */
export const DEEPEST_JSON = 200;

/** A value that has no canonical form. `path` is where in it: `runs[3].score`, empty for the value itself. */
export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
  readonly path: string;

  constructor(path: string, what: string) {
    super(`${path === '' ? 'the value' : path} ${what}`);
    this.path = path;
  }
}

/** The bytes of RFC 8785, under which a value has one digest wherever it was written. */
export function canonicalJson(value: JsonValue): Buffer {
  const plain = plainText(value, DEEPEST_JSON);
  // What is plain is ASCII, and written faster where that is known.
  return plain === undefined ? Buffer.from(checkedText(value), 'utf8') : Buffer.from(plain, 'latin1');
}

/** The text of a value that holds nothing but what nearly every value holds; whatever is odd is left to the Writer. */
function plainText(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return PLAIN.test(value) ? `"${value}"` : undefined;
  if (value === null || typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'object' || depth === 0) return undefined;
  return Array.isArray(value) ? plainList(value, depth - 1) : plainObject(value, depth - 1);
}

function plainList(list: readonly unknown[], depth: number): string | undefined {
  let text = '[';
  for (let at = 0; at < list.length; at += 1) {
    const member = plainText(list[at], depth);
    if (member === undefined) return undefined;
    text += at === 0 ? member : `,${member}`;
  }
  return `${text}]`;
}

function plainObject(object: object, depth: number): string | undefined {
  if (Object.getPrototypeOf(object) !== Object.prototype || Object.getOwnPropertySymbols(object).length > 0) {
    return undefined;
  }
  let text = '{';
  for (const name of Object.keys(object).sort()) {
    const member = plainText((object as Readonly<Record<string, unknown>>)[name], depth);
    const quoted = plainName(name);
    if (member === undefined || quoted === undefined) return undefined;
    text += text === '{' ? quoted + member : `,${quoted}${member}`;
  }
  return `${text}}`;
}

/** The same few names stand in every value: each is looked at once. */
const names = new Map<string, string>();
const MOST_NAMES = 1000;

function plainName(name: string): string | undefined {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!PLAIN.test(name) || name === '__proto__') return undefined;
  const quoted = `"${name}":`;
  if (names.size < MOST_NAMES && name.length < 50) names.set(name, quoted);
  return quoted;
}

function checkedText(value: JsonValue): string {
  const writer = new Writer();
  writer.value(value);
  return writer.text;
}

/** What is written as it is, in any JSON: of most values, every string. */
const PLAIN = /^[ !#-[\]-~]*$/;

class Writer {
  text = '';
  /** The values that are being written, outermost first, and the step into each next. */
  readonly #open = new Set<object>();
  readonly #steps: (string | number)[] = [];

  /** Types do not hold for what came from elsewhere, so everything is looked at. */
  value(value: unknown): void {
    if (value === null || typeof value === 'boolean') this.text += String(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#string(value, 'holds');
    else if (typeof value === 'object') this.#container(value);
    else this.#refuse(`is ${value === undefined ? 'undefined' : `a ${typeof value}`}, which JSON has not`);
  }

  /** Section 3.2.2.3: as ECMAScript writes numbers, with `0` for -0. */
  #number(value: number): void {
    if (!Number.isFinite(value)) this.#refuse(`is ${value}, which JSON has not`);
    this.text += String(value);
  }

  /** Section 3.2.2.2: `JSON.stringify` escapes just what is asked for, but would let half a character pass. */
  #string(value: string, holds: string): void {
    if (/\p{Surrogate}/u.test(value)) this.#refuse(`${holds} a surrogate without its other half`);
    this.text += JSON.stringify(value);
  }

  #container(value: object): void {
    if (this.#open.has(value)) this.#refuse('holds itself');
    if (this.#open.size === DEEPEST_JSON) this.#refuse(`is nested deeper than ${DEEPEST_JSON} levels`);
    this.#open.add(value);
    if (Array.isArray(value)) this.#list(value);
    else this.#object(value as Readonly<Record<string, unknown>>);
    this.#open.delete(value);
  }

  #list(list: readonly unknown[]): void {
    this.text += '[';
    for (let at = 0; at < list.length; at += 1) {
      if (at > 0) this.text += ',';
      this.#member(at, list[at]);
    }
    this.text += ']';
  }

  /** Section 3.2.3: names in the order of their UTF-16 code units, which is how `sort` compares. */
  #object(object: Readonly<Record<string, unknown>>): void {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) this.#refuse('is an object of a class, not of JSON');
    if (Object.getOwnPropertySymbols(object).length > 0) this.#refuse('has a symbol as a name, which JSON has not');
    this.text += '{';
    let comma = '';
    for (const name of Object.keys(object).sort()) {
      if (name === '__proto__') this.#refuse('has the name __proto__, which some readers take for the prototype');
      this.text += comma;
      this.#string(name, 'has a name with');
      this.text += ':';
      this.#member(name, object[name]);
      comma = ',';
    }
    this.text += '}';
  }

  #member(step: string | number, value: unknown): void {
    this.#steps.push(step);
    this.value(value);
    this.#steps.pop();
  }

  #refuse(what: string): never {
    throw new CanonicalJsonError(keyPath(this.#steps), what);
  }
}
