import type { Quota } from './family-record.ts';
import { OciError } from './oci-error.ts';

/** Checks a quota that came from outside; null and what is left out are no limit. */
export function parseQuota(value: unknown): Quota {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('a quota is a JSON object');
  const unknown = Object.keys(value).find((key) => key !== 'bytes' && key !== 'versions');
  if (unknown !== undefined) throw invalid(`there is no quota of ${JSON.stringify(unknown.slice(0, 80))}`);
  const { bytes, versions } = value as Record<string, unknown>;
  return { ...limit('bytes', bytes), ...limit('versions', versions) };
}

function limit(name: keyof Quota, value: unknown): Quota {
  if (value === undefined || value === null) return {};
  if (Number.isSafeInteger(value) && (value as number) >= 0) return { [name]: value };
  throw invalid(`${name} is a whole number, or null for no limit`);
}

function invalid(message: string): OciError {
  return new OciError('quota-invalid', message);
}
