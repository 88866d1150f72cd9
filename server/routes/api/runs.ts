import type { Context } from 'koa';
import { RunError } from '../../../lib/record/run-error.ts';
import { STATUSES } from '../../../lib/record/status.ts';
import type { ErasureAnswer, RunAnswer, RunFilter } from '../../../lib/record/wire.ts';
import { eraseBodies } from '../../../lib/upkeep/erase.ts';
import type { AppContext } from '../../app-context.ts';
import { actorOf } from '../../actor.ts';
import { first, nextLink, pageSize } from '../../query.ts';
import { IMMUTABLE, REVALIDATE, sendFound } from '../../send-found.ts';
import { strictBody } from '../../strict-body.ts';
import type { Route } from '../route.ts';
import { RUN, RUN_AMENDMENTS, RUN_BODY, RUN_ERASURE, RUN_RECORD, RUN_RETRACTION, RUN_REVIEW, RUNS } from './paths.ts';

const MAX_RUN_BYTES = 2 * 1024 * 1024;
const PAGE = 100;
const LARGEST_PAGE = 1000;
const LONGEST_FILTER = 300;
const FILTERS = ['testCase', 'version', 'variant', 'model', 'harness', 'status', 'reviewer', 'search'] as const;
const RETRACTED = ['with', 'only', 'without'] as const;

/** Published runs, the newest first. */
export const runs: Route = {
  name: 'runs',
  method: 'GET',
  path: RUNS,
  async handle(ctx, app) {
    const filter = filterOf(ctx);
    const limit = first(ctx.query, 'n') === undefined ? PAGE : Math.min(pageSize(ctx.query) || PAGE, LARGEST_PAGE);
    const page = await app.runs.list.page(filter, first(ctx.query, 'last'), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { ...filter, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

/** Publishes a run with its review: 201, or 200 where it is there and just that. */
export const runSubmit: Route = {
  name: 'run-submit',
  method: 'POST',
  path: RUNS,
  async handle(ctx, app) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.submit(await strictBody(ctx, app, MAX_RUN_BYTES, 'a run'), by));
  },
};

/** All of a run, with its history. */
export const runGet: Route = {
  name: 'run',
  method: 'GET',
  path: RUN,
  async handle(ctx, app, [id = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await app.runs.get(id);
  },
};

/** The record as it is now, as canonical JSON. */
export const runRecord: Route = {
  name: 'run-record',
  method: 'GET',
  path: RUN_RECORD,
  handle: (ctx, app, [id = '']) => sendBody(ctx, app, id, undefined),
};

/** Any record or review that the run ever had, by its digest. */
export const runBody: Route = {
  name: 'run-body',
  method: 'GET',
  path: RUN_BODY,
  handle: (ctx, app, [id = '', digest = '']) => sendBody(ctx, app, id, digest),
};

/** A reviewer's judgement; in the place of an earlier one it says why. */
export const runReview: Route = {
  name: 'run-review',
  method: 'PUT',
  path: RUN_REVIEW,
  async handle(ctx, app, [id = '', reviewer = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.review(id, reviewer, await strictBody(ctx, app, MAX_RUN_BYTES, 'a review'), by));
  },
};

/** A corrected record in the place of the one before. */
export const runAmend: Route = {
  name: 'run-amend',
  method: 'POST',
  path: RUN_AMENDMENTS,
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.amend(id, await strictBody(ctx, app, MAX_RUN_BYTES, 'an amendment'), by));
  },
};

/** Says that a run is not to be relied on. */
export const runRetract: Route = {
  name: 'run-retract',
  method: 'POST',
  path: RUN_RETRACTION,
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.retract(id, await strictBody(ctx, app, MAX_RUN_BYTES, 'a retraction'), by));
  },
};

/** Deletes record, reviews and media of a run; that it was is in the log for good. */
export const runErase: Route = {
  name: 'run-erase',
  method: 'POST',
  path: RUN_ERASURE,
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    const request = await strictBody(ctx, app, MAX_RUN_BYTES, 'an erasure');
    const { answer: done, bodies } = await app.runs.erase(id, request, by);
    const { deleted, kept } = await eraseBodies(app.stores, app.registry, bodies, Date.now);
    const result: ErasureAnswer = { ...done, deleted, kept };
    answer(ctx, result);
  },
};

/** What changed something made an entry of the log, and so something new. */
function answer(ctx: Context, result: RunAnswer): void {
  ctx.status = result.outcome === 'unchanged' ? 200 : 201;
  ctx.body = result;
}

async function sendBody(ctx: Context, app: AppContext, id: string, wanted: string | undefined): Promise<void> {
  const { digest, located } = await app.runs.body(id, wanted);
  ctx.respond = false;
  ctx.status = 200;
  const cacheControl = wanted === undefined ? REVALIDATE : IMMUTABLE;
  const found = { digest, body: located, contentType: 'application/json', cacheControl, isOci: false, ranges: true };
  await sendFound(ctx.req, ctx.res, found, app);
}

function filterOf({ query }: Context): RunFilter {
  const filter: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = first(query, name);
    if (value === undefined || value === '') continue;
    if (value.length > LONGEST_FILTER)
      throw new RunError('run-page-invalid', `${name} has at most ${LONGEST_FILTER} characters`);
    filter[name] = value;
  }
  if (filter['status'] !== undefined && !STATUSES.some((one) => one === filter['status']))
    throw new RunError('run-page-invalid', `status is one of ${STATUSES.join(', ')}`);
  const retracted = first(query, 'retracted');
  if (retracted === undefined) return filter;
  const known = RETRACTED.find((one) => one === retracted);
  if (known === undefined) throw new RunError('run-page-invalid', `retracted is one of ${RETRACTED.join(', ')}`);
  return { ...filter, retracted: known };
}
