import { conforming } from '../encoding/schema-check.ts';
import { integer, named, object, optional, orNull, type Schema } from '../encoding/schema.ts';
import type { Quota, QuotaAnswer } from './family-record.ts';
import { OciError } from './oci-error.ts';

/** A quota as it is asked for: null and what is left out are no limit. */
export interface QuotaRequest {
  readonly bytes?: number | null;
  readonly versions?: number | null;
}

const COUNT = integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const LIMIT = { ...orNull(COUNT), description: 'a whole number, or null for no limit' };

export const QUOTA_REQUEST: Schema<QuotaRequest> = named(
  'QuotaRequest',
  object<QuotaRequest>({ bytes: optional(LIMIT), versions: optional(LIMIT) }, { additionalProperties: false }),
);

export const QUOTA_SHOWN: Schema<QuotaAnswer> = named(
  'Quota',
  object<QuotaAnswer>({
    bytes: LIMIT,
    versions: LIMIT,
    used: object<QuotaAnswer['used']>({ bytes: COUNT, versions: COUNT }),
  }),
);

/** Checks a quota that came from outside. */
export function parseQuota(value: unknown): Quota {
  const { bytes, versions } = conforming(QUOTA_REQUEST, value, 'a quota', invalid);
  return {
    ...(bytes === undefined || bytes === null ? {} : { bytes }),
    ...(versions === undefined || versions === null ? {} : { versions }),
  };
}

function invalid(message: string): OciError {
  return new OciError('quota-invalid', message);
}
