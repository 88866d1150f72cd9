import type { AuditFilter } from '../../../lib/audit/audit-entry.ts';
import { AUDIT_ACTION, AUDIT_PAGE } from '../../../lib/audit/schemas.ts';
import { text, type Schema } from '../../../lib/encoding/schema.ts';
import type { Parameter } from '../../openapi/described.ts';
import { asked, N, pageLimit } from '../../openapi/parameters.ts';
import { nextLink } from '../../query.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { AUDIT } from './paths.ts';

const PAGE = 100;
const TIME = '\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:\\d\\d))?';
const A_TIME = 'a time like 2026-11-21T15:00:00Z, or a day like 2026-11-21';
const NAME = text({ maxLength: 300 });

function invalid(message: string): RequestError {
  return new RequestError('audit-page-invalid', message);
}
function narrowing<T>(schema: Schema<T>, says: string): Parameter<T> {
  return { schema, says, refuse: invalid };
}

/** What is asked for with nothing is not asked for. */
const QUERY = {
  actor: narrowing(NAME, 'a name or an address'),
  family: narrowing(NAME, 'a family, or with a / at its end all below it'),
  action: narrowing({ enum: ['', ...(AUDIT_ACTION.enum ?? [])] }, 'what was done'),
  since: narrowing(text({ pattern: `^(?:${TIME})?$`, description: A_TIME }), 'not before this moment'),
  n: N,
  last: narrowing(
    text({ pattern: '^[0-9a-f]{32}$', description: 'the next of the page before' }),
    'the next of the page before',
  ),
};

export const audit: Route = {
  name: 'audit',
  method: 'GET',
  path: AUDIT,
  api: {
    summary: 'Who changed what, the newest first',
    query: QUERY,
    answers: { 200: { says: 'a page of changes', json: AUDIT_PAGE } },
  },
  async handle(ctx, { registry }) {
    const { n, last, since, ...names } = asked(ctx, QUERY);
    const said = Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined && value !== ''));
    const filter: AuditFilter = { ...said, ...(since ? { since: timeIn(since) } : {}) };
    const limit = pageLimit(n, PAGE);
    const page = await registry.audit.page(filter, last, limit);
    if (page.next !== undefined)
      ctx.set('Link', nextLink(ctx.path, { ...said, since, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', 'no-store');
    ctx.body = page;
  },
};

/** RFC 3339, or a day; a pattern knows no calendar. */
function timeIn(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw invalid(`since is ${A_TIME}`);
}
