/** A path of the API as a pattern for the router, and as the template that OpenAPI shows. */
export type ApiPath = RegExp & { readonly template: string };

/**
 * What follows a family is behind an @, which no family's name holds, so that slashes may stay as they are. Names in braces
 * are those of PATH_PARAMETERS (server/openapi/parameters.ts).
 */
const GROUPS: Readonly<Record<string, string>> = { family: '((?:(?!%40)[^@])+)', path: '(.+)' };
const GROUP = '([^/]+)';
const AT = '(?:@|%40)';

export function apiPath(template: string): ApiPath {
  const pattern = template.replaceAll('@', AT).replace(/\{(\w+)\}/g, (_, name: string) => GROUPS[name] ?? GROUP);
  return Object.assign(new RegExp(`^${pattern}$`), { template });
}

export const FAMILIES: ApiPath = apiPath('/api/v1/families');
export const FAMILY_ONE: ApiPath = apiPath('/api/v1/families/{family}');
export const FAMILY_RULES: ApiPath = apiPath('/api/v1/families/{family}/rules');
export const FAMILY_QUOTA: ApiPath = apiPath('/api/v1/families/{family}/quota');
export const FAMILY_RETENTION: ApiPath = apiPath('/api/v1/families/{family}/retention');
export const DEFINITIONS: ApiPath = apiPath('/api/v1/definitions/{family}');
export const DEFINITION: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}');
export const METADATA: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}/metadata');
export const FILES: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}/files');
export const FILE: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}/files/{path}');
export const ARCHIVE: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}/archive');
export const STATEMENTS: ApiPath = apiPath('/api/v1/definitions/{family}@{ref}/statements');
export const PINS: ApiPath = apiPath('/api/v1/pins/{family}');
export const PIN: ApiPath = apiPath('/api/v1/pins/{family}@{pin}');
export const HISTORY: ApiPath = apiPath('/api/v1/history/{family}');
export const MISSING: ApiPath = apiPath('/api/v1/missing/{family}');
export const AUDIT: ApiPath = apiPath('/api/v1/audit');
export const DIFF: ApiPath = apiPath('/api/v1/diff');

export const PUBLICATION: ApiPath = apiPath('/api/v1/publication');
export const PUBLICATION_NOW: ApiPath = apiPath('/api/v1/publication/now');
export const PUBLICATION_ROLLBACK: ApiPath = apiPath('/api/v1/publication/rollback');

export const RUNS: ApiPath = apiPath('/api/v1/runs');
export const RUN: ApiPath = apiPath('/api/v1/runs/{id}');
export const RUN_RECORD: ApiPath = apiPath('/api/v1/runs/{id}/record');
export const RUN_BODY: ApiPath = apiPath('/api/v1/runs/{id}/bodies/{digest}');
export const RUN_REVIEW: ApiPath = apiPath('/api/v1/runs/{id}/reviews/{reviewer}');
export const RUN_AMENDMENTS: ApiPath = apiPath('/api/v1/runs/{id}/amendments');
export const RUN_RETRACTION: ApiPath = apiPath('/api/v1/runs/{id}/retraction');
export const RUN_ERASURE: ApiPath = apiPath('/api/v1/runs/{id}/erasure');
export const MEDIA: ApiPath = apiPath('/api/v1/media/{digest}');
