import type { Context } from 'koa';
import { RunError } from '../../../lib/record/run-error.ts';
import {
  AMENDMENT,
  ERASURE,
  ERASURE_ANSWER,
  KEPT_RECORD,
  RETRACTION,
  REVIEW_REQUEST,
  RUN as ONE,
  RUN_ANSWER,
  RUN_FILTERS,
  RUN_PAGE,
  RUN_REVIEW as REVIEW,
  RUN_SUBMISSION,
} from '../../../lib/record/schemas.ts';
import type { ErasureAnswer, RunAnswer, RunFilter } from '../../../lib/record/wire.ts';
import { eraseBodies } from '../../../lib/upkeep/erase.ts';
import { anyOf, integer, type Schema } from '../../../lib/encoding/schema.ts';
import type { AppContext } from '../../app-context.ts';
import { actorOf } from '../../actor.ts';
import type { JsonBody, Parameter } from '../../openapi/described.ts';
import { asked, N, pageLimit } from '../../openapi/parameters.ts';
import { nextLink } from '../../query.ts';
import { IMMUTABLE, REVALIDATE, sendFound } from '../../send-found.ts';
import { strictBody } from '../../strict-body.ts';
import type { Route } from '../route.ts';
import { RUN, RUN_AMENDMENTS, RUN_BODY, RUN_ERASURE, RUN_RECORD, RUN_RETRACTION, RUN_REVIEW, RUNS } from './paths.ts';

const PAGE = 100;
const JSON_BYTES = ['application/json'];

/** A body that lib/record looks into, and tells every fault of. */
function takes(schema: JsonBody['schema'], what: string): JsonBody {
  return { schema, what, maxBytes: 2 * 1024 * 1024 };
}
const SUBMISSION = takes(RUN_SUBMISSION, 'a run');
const REVIEWING = takes(REVIEW_REQUEST, 'a review');
const AMENDING = takes(AMENDMENT, 'an amendment');
const RETRACTING = takes(RETRACTION, 'a retraction');
const ERASING = takes(ERASURE, 'an erasure');

const CHANGED = {
  200: { says: 'the run is just that already', json: RUN_ANSWER },
  201: { says: 'it is done, and in the log', json: RUN_ANSWER },
};

function narrowing<T>(schema: Schema<T>, says: string): Parameter<T> {
  return { schema, says, refuse: (message) => new RunError('run-page-invalid', message) };
}
const FILTERS = {
  testCase: narrowing(RUN_FILTERS.testCase, 'a family, or with a / at its end all below it'),
  version: narrowing(RUN_FILTERS.version, 'a version of a test case, or its digest'),
  variant: narrowing(RUN_FILTERS.variant, 'a variant of a test case'),
  model: narrowing(RUN_FILTERS.model, 'a model'),
  harness: narrowing(RUN_FILTERS.harness, 'the name of a harness'),
  status: narrowing(RUN_FILTERS.status, 'how a run ended'),
  reviewer: narrowing(RUN_FILTERS.reviewer, 'somebody who judged it'),
  search: narrowing(RUN_FILTERS.search, 'text in names and in reviews, in whichever case'),
  retracted: narrowing(RUN_FILTERS.retracted, 'retracted runs: with the others (as without this), alone, or not'),
};
const LAST: Parameter<number> = {
  schema: integer({
    minimum: 0,
    maximum: 999_999_999_999_999,
    description: 'a number, which the page before named as its next',
  }),
  says: 'the next of the page before',
  refuse: (message, last) => new RunError('run-page-invalid', message, { last }),
};
const QUERY = { ...FILTERS, n: N, last: LAST };

export const runs: Route = {
  name: 'runs',
  method: 'GET',
  path: RUNS,
  api: {
    summary: 'Published runs, the newest first; all that is asked for must hold',
    query: QUERY,
    answers: { 200: { says: 'a page of runs', json: RUN_PAGE } },
  },
  async handle(ctx, app) {
    const { n, last, ...wanted } = asked(ctx, QUERY);
    const [filter, limit] = [filterOf(wanted), pageLimit(n, PAGE)];
    const page = await app.runs.list.page(filter, last?.toFixed(), limit);
    if (page.next !== undefined) ctx.set('Link', nextLink(ctx.path, { ...filter, n: String(limit), last: page.next }));
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = page;
  },
};

export const runSubmit: Route = {
  name: 'run-submit',
  method: 'POST',
  path: RUNS,
  api: {
    summary: 'Publishes a run with its review',
    takes: SUBMISSION,
    answers: CHANGED,
    refuses: ['run-conflict', 'run-erased', 'run-full', 'run-invalid', 'version-removed'],
  },
  async handle(ctx, app) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.submit(await strictBody(ctx, app, SUBMISSION), by));
  },
};

export const runGet: Route = {
  name: 'run',
  method: 'GET',
  path: RUN,
  api: {
    summary: 'All of a run, with its history',
    answers: { 200: { says: 'the run', json: ONE } },
    refuses: ['run-unknown'],
  },
  async handle(ctx, app, [id = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await app.runs.get(id);
  },
};

export const runRecord: Route = {
  name: 'run-record',
  method: 'GET',
  path: RUN_RECORD,
  api: {
    summary: 'The record as it is now, as canonical JSON',
    answers: { 200: { says: 'the record, whose digest the run tells', bytes: JSON_BYTES, schema: KEPT_RECORD } },
    refuses: ['run-erased', 'run-unknown'],
  },
  handle: (ctx, app, [id = '']) => sendBody(ctx, app, id, undefined),
};

export const runBody: Route = {
  name: 'run-body',
  method: 'GET',
  path: RUN_BODY,
  api: {
    summary: 'Any record or review that the run ever had, by its digest',
    answers: { 200: { says: 'a record or a review', bytes: JSON_BYTES, schema: anyOf(KEPT_RECORD, REVIEW) } },
    refuses: ['run-erased', 'run-unknown'],
  },
  handle: (ctx, app, [id = '', digest = '']) => sendBody(ctx, app, id, digest),
};

export const runReview: Route = {
  name: 'run-review',
  method: 'PUT',
  path: RUN_REVIEW,
  api: {
    summary: "A reviewer's judgement; in the place of an earlier one it says why",
    takes: REVIEWING,
    answers: CHANGED,
    refuses: ['review-moved', 'run-erased', 'run-full', 'run-invalid', 'run-retracted', 'run-unknown'],
  },
  async handle(ctx, app, [id = '', reviewer = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.review(id, reviewer, await strictBody(ctx, app, REVIEWING), by));
  },
};

export const runAmend: Route = {
  name: 'run-amend',
  method: 'POST',
  path: RUN_AMENDMENTS,
  api: {
    summary: 'A corrected record in the place of the one before',
    takes: AMENDING,
    answers: CHANGED,
    refuses: [
      'review-moved',
      'run-erased',
      'run-full',
      'run-invalid',
      'run-retracted',
      'run-unknown',
      'version-removed',
    ],
  },
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.amend(id, await strictBody(ctx, app, AMENDING), by));
  },
};

export const runRetract: Route = {
  name: 'run-retract',
  method: 'POST',
  path: RUN_RETRACTION,
  api: {
    summary: 'Says that a run is not to be relied on; it stays, and says so for ever',
    takes: RETRACTING,
    answers: CHANGED,
    refuses: ['run-erased', 'run-full', 'run-invalid', 'run-retracted', 'run-unknown'],
  },
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    answer(ctx, await app.runs.retract(id, await strictBody(ctx, app, RETRACTING), by));
  },
};

export const runErase: Route = {
  name: 'run-erase',
  method: 'POST',
  path: RUN_ERASURE,
  api: {
    summary: 'Deletes record, reviews and media of a run; that it was is in the log for good',
    takes: ERASING,
    answers: {
      200: { says: 'it was erased before; what was left is deleted', json: ERASURE_ANSWER },
      201: { says: 'it is done, and in the log', json: ERASURE_ANSWER },
    },
    refuses: ['run-full', 'run-invalid', 'run-unknown'],
  },
  async handle(ctx, app, [id = '']) {
    const by = actorOf(ctx, app.identities);
    const request = await strictBody(ctx, app, ERASING);
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

/** What is asked for with nothing is not asked for. */
function filterOf(wanted: { readonly [K in keyof RunFilter]: RunFilter[K] | undefined }): RunFilter {
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined && value !== ''));
}
