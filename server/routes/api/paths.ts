import { checkFamily } from '../../../lib/oci/name.ts';
import { RequestError } from '../../request-error.ts';

/** Paths of /api/v1. What follows a family is behind an @, which no family's name holds, so that slashes may stay as they are. */
const FAMILY = '((?:(?!%40)[^@])+)';
const REF = '([^/]+)';
const AT = '(?:@|%40)';

export const FAMILIES = /^\/api\/v1\/families$/;
export const FAMILY_ONE: RegExp = new RegExp(`^/api/v1/families/${FAMILY}$`);
export const FAMILY_RULES: RegExp = new RegExp(`^/api/v1/families/${FAMILY}/rules$`);
export const FAMILY_QUOTA: RegExp = new RegExp(`^/api/v1/families/${FAMILY}/quota$`);
export const DEFINITIONS: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}$`);
export const DEFINITION: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}$`);
export const METADATA: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}/metadata$`);
export const FILES: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}/files$`);
export const FILE: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}/files/(.+)$`);
export const ARCHIVE: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}/archive$`);
export const STATEMENTS: RegExp = new RegExp(`^/api/v1/definitions/${FAMILY}${AT}${REF}/statements$`);
export const PINS: RegExp = new RegExp(`^/api/v1/pins/${FAMILY}$`);
export const PIN: RegExp = new RegExp(`^/api/v1/pins/${FAMILY}${AT}${REF}$`);
export const HISTORY: RegExp = new RegExp(`^/api/v1/history/${FAMILY}$`);
export const MISSING: RegExp = new RegExp(`^/api/v1/missing/${FAMILY}$`);
export const AUDIT = /^\/api\/v1\/audit$/;
export const DIFF = /^\/api\/v1\/diff$/;

export const RUNS = /^\/api\/v1\/runs$/;
export const RUN = /^\/api\/v1\/runs\/([^/]+)$/;
export const RUN_RECORD = /^\/api\/v1\/runs\/([^/]+)\/record$/;
export const RUN_BODY = /^\/api\/v1\/runs\/([^/]+)\/bodies\/([^/]+)$/;
export const RUN_REVIEW = /^\/api\/v1\/runs\/([^/]+)\/reviews\/([^/]+)$/;
export const RUN_AMENDMENTS = /^\/api\/v1\/runs\/([^/]+)\/amendments$/;
export const RUN_RETRACTION = /^\/api\/v1\/runs\/([^/]+)\/retraction$/;
export const RUN_ERASURE = /^\/api\/v1\/runs\/([^/]+)\/erasure$/;
export const MEDIA = /^\/api\/v1\/media\/([^/]+)$/;

/** A version as a query names it. */
export function checkReference(text: string | undefined, name: string): { family: string; ref: string } {
  const at = text?.indexOf('@') ?? -1;
  if (text === undefined || at < 0)
    throw new RequestError('reference-invalid', `${name} is <family>@<version, pin or digest>`);
  return { family: checkFamily(text.slice(0, at)), ref: text.slice(at + 1) };
}
