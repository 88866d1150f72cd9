import type { Context } from 'koa';
import { AUDIT_ACTIONS, type AuditFilter } from '../../../lib/audit/audit-entry.ts';
import { first, nextLink, pageSize } from '../../query.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { AUDIT } from './paths.ts';

const PAGE = 100;
const LARGEST_PAGE = 1000;
const LONGEST_FILTER = 300;
const ID = /^[0-9a-f]{32}$/;

/** Who changed what, the newest first. */
export const audit: Route = {
  name: 'audit',
  method: 'GET',
  path: AUDIT,
  async handle(ctx, { registry }) {
    const filter = filterOf(ctx);
    const limit = first(ctx.query, 'n') === undefined ? PAGE : Math.min(pageSize(ctx.query) || PAGE, LARGEST_PAGE);
    const page = await registry.audit.page(filter, lastOf(ctx), limit);
    const { since: _since, ...said } = filter;
    const since = first(ctx.query, 'since');
    if (page.next !== undefined)
      ctx.set('Link', nextLink(ctx.path, { ...said, since, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', 'no-store');
    ctx.body = page;
  },
};

function filterOf(ctx: Context): AuditFilter {
  const [actor, family, wanted, since] = ['actor', 'family', 'action', 'since'].map((name) => textOf(ctx, name));
  const action = AUDIT_ACTIONS.find((one) => one === wanted);
  if (wanted !== undefined && action === undefined) {
    throw new RequestError('audit-page-invalid', `action is one of ${AUDIT_ACTIONS.join(', ')}`);
  }
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(family === undefined ? {} : { family }),
    ...(action === undefined ? {} : { action }),
    ...(since === undefined ? {} : { since: timeIn(since) }),
  };
}

function textOf(ctx: Context, name: string): string | undefined {
  const text = first(ctx.query, name) || undefined;
  if (text === undefined || text.length <= LONGEST_FILTER) return text;
  throw new RequestError('audit-page-invalid', `${name} has at most ${LONGEST_FILTER} characters`);
}

/** RFC 3339, or a day. */
function timeIn(text: string): number {
  const time = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (!Number.isNaN(time)) return time;
  throw new RequestError('audit-page-invalid', 'since is a time like 2026-11-21T15:00:00Z, or a day like 2026-11-21');
}

function lastOf(ctx: Context): string | undefined {
  const last = first(ctx.query, 'last');
  if (last === undefined || ID.test(last)) return last;
  throw new RequestError('audit-page-invalid', 'last is the next of the page before');
}
