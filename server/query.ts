import { OciError } from '../lib/oci/oci-error.ts';

type Query = Readonly<Record<string, string | string[] | undefined>>;

const MAX_PAGE = 10_000;

/** Every value of a parameter. */
export function all(query: Query, name: string): string[] {
  const value = query[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** The first value of a parameter. */
export function first(query: Query, name: string): string | undefined {
  return all(query, name)[0];
}

/**
 * The name that a list goes on behind, whatever it is: cut to the length of a name, which changes no comparison with
 * one, and with everything behind ASCII sorted behind it.
 */
export function lastName(query: Query, maxLength: number): string | undefined {
  return behindName(first(query, 'last'), maxLength);
}

export function behindName(last: string | undefined, maxLength: number): string | undefined {
  return last?.slice(0, maxLength).replace(/[\u0080-\uffff]/g, '\u00ff');
}

/** How many entries of a list are wanted; pages never have more than 10,000. */
export function pageSize(query: Query): number {
  const text = first(query, 'n');
  if (text === undefined) return MAX_PAGE;
  if (!/^\d{1,15}$/.test(text))
    throw new OciError('page-invalid', 'n is a number of entries', { n: text.slice(0, 100) });
  return Math.min(Number(text), MAX_PAGE);
}

/** RFC 8288: where a list goes on. */
export function nextLink(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `<${path}?${query.toString()}>; rel="next"`;
}
