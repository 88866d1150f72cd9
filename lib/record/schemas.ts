import { ACTOR, COUNT, DIGEST, FAMILY, NEXT, TIME } from '../definition/schemas.ts';
import {
  anyOf,
  anything,
  integer,
  list,
  mapOf,
  named,
  object,
  oneOf,
  optional,
  orNull,
  text,
  type Fields,
  type Schema,
} from '../encoding/schema.ts';
import { LINKS, RECORD } from './record-check.ts';
import { REVIEW } from './review-check.ts';
import { STATUSES } from './status.ts';
import type {
  Amendment,
  Change,
  Erasure,
  ErasureAnswer,
  KeptRecord,
  Retraction,
  Review,
  ReviewRequest,
  ReviewSummary,
  Run,
  RunAnswer,
  RunDefinition,
  RunEvent,
  RunFilter,
  RunPage,
  RunRecord,
  RunSubmission,
  RunSummary,
  StoredMedia,
} from './wire.ts';

/** What comes in is described by the very checks that look at it; what goes out, by the types of `wire.ts`. */

export const RUN_RECORD: Schema<RunRecord> = named<RunRecord>(
  'RunRecord',
  RECORD.schema,
  'what a runner measured (docs/records.md); fields that are not known are kept',
);
export const RUN_REVIEW: Schema<Review> = named<Review>(
  'Review',
  REVIEW.schema,
  "a person's judgement of a run (docs/records.md); fields that are not known are kept",
);
export const KEPT_RECORD: Schema<KeptRecord> = named<KeptRecord>(
  'KeptRecord',
  { ...RECORD.schema, required: [...(RECORD.schema.required ?? []), 'definition'] },
  'a record as it is kept: it always says which definition it is of',
);

const REASON = text({ pattern: '\\S', description: 'said in 1 to 2000 characters' });

export const RUN_SUBMISSION: Schema<RunSubmission> = named(
  'RunSubmission',
  object<RunSubmission>({ record: RUN_RECORD, review: RUN_REVIEW, links: optional(LINKS.schema) }),
);
export const REVIEW_REQUEST: Schema<ReviewRequest> = named(
  'ReviewRequest',
  object<ReviewRequest>({
    review: RUN_REVIEW,
    note: optional(REASON),
    expect: optional({ ...orNull(text()), description: 'a digest or null' }),
  }),
);
export const AMENDMENT: Schema<Amendment> = named(
  'Amendment',
  object<Amendment>({ record: RUN_RECORD, reason: REASON, expect: optional(text({ description: 'a digest' })) }),
);
export const RETRACTION: Schema<Retraction> = named('Retraction', object<Retraction>({ reason: REASON }));
export const ERASURE: Schema<Erasure> = named('Erasure', object<Erasure>({ reason: REASON }));

const RATINGS = mapOf(integer({ minimum: 0, maximum: 100 }));
const REVIEW_SUMMARY = named(
  'ReviewSummary',
  object<ReviewSummary>({ reviewer: text(), review: DIGEST, ratings: RATINGS, at: TIME }),
);

const ENDED = object<NonNullable<RunSummary['retracted']>>({ at: TIME, by: ACTOR, reason: text() });

/** Of an erased run nothing of the record is left but what the log says. */
const SUMMARY: Fields<RunSummary> = {
  id: text(),
  index: COUNT,
  at: TIME,
  by: ACTOR,
  record: DIGEST,
  definition: named('RunDefinition', object<RunDefinition>({ family: FAMILY, version: text(), digest: DIGEST })),
  startedAt: optional(TIME),
  endedAt: optional(TIME),
  status: oneOf(...STATUSES),
  variant: optional(text()),
  harness: optional(object<NonNullable<RunSummary['harness']>>({ name: text(), version: optional(text()) })),
  orchestrator: optional(text()),
  model: optional(text()),
  reviews: list(REVIEW_SUMMARY),
  amendments: COUNT,
  retracted: optional(ENDED),
  erased: optional(ENDED),
};

export const RUN_PAGE: Schema<RunPage> = named(
  'RunPage',
  object<RunPage>({ runs: list(named('RunSummary', object<RunSummary>(SUMMARY))), next: optional(NEXT) }),
  'the newest first; a page may hold fewer than were asked for and still not be the last: next alone says so',
);

const CHANGE = named(
  'Change',
  object<Change>({
    path: text(),
    from: optional(anything('what stood there')),
    to: optional(anything('what stands there')),
  }),
  'a place in a document where two versions of it differ',
);

const EVENT = { index: COUNT, at: TIME, by: ACTOR };
type EventOf<W extends RunEvent['what']> = Extract<RunEvent, { readonly what: W }>;

const RUN_EVENT = named(
  'RunEvent',
  anyOf(
    object<EventOf<'submitted'>>({
      ...EVENT,
      what: oneOf('submitted'),
      record: DIGEST,
      review: DIGEST,
      reviewer: text(),
    }),
    object<EventOf<'reviewed'>>({
      ...EVENT,
      what: oneOf('reviewed'),
      reviewer: text(),
      review: DIGEST,
      supersedes: optional(DIGEST),
      note: optional(text()),
      changes: optional(list(CHANGE)),
    }),
    object<EventOf<'amended'>>({
      ...EVENT,
      what: oneOf('amended'),
      record: DIGEST,
      supersedes: DIGEST,
      reason: optional(text()),
      changes: optional(list(CHANGE)),
    }),
    object<EventOf<'retracted'>>({ ...EVENT, what: oneOf('retracted'), reason: optional(text()) }),
    object<EventOf<'erased'>>({ ...EVENT, what: oneOf('erased'), reason: text() }),
  ),
  'one entry of the log about a run',
);

export const RUN: Schema<Run> = named(
  'Run',
  object<Run>({ ...SUMMARY, body: optional(KEPT_RECORD), reviewed: list(RUN_REVIEW), history: list(RUN_EVENT) }),
  'all of a run',
);

const ANSWER: Fields<RunAnswer> = {
  outcome: oneOf('submitted', 'reviewed', 'amended', 'retracted', 'erased', 'unchanged'),
  run: RUN,
};

export const RUN_ANSWER: Schema<RunAnswer> = named(
  'RunAnswer',
  object<RunAnswer>(ANSWER),
  'what became of the request: unchanged where the run is just that already',
);

export const ERASURE_ANSWER: Schema<ErasureAnswer> = named(
  'ErasureAnswer',
  object<ErasureAnswer>({ ...ANSWER, deleted: COUNT, kept: list(DIGEST) }),
  'how many records, reviews and media are gone, and which stay since something else names them',
);

export const STORED_MEDIA: Schema<StoredMedia> = named(
  'StoredMedia',
  object<StoredMedia>({ digest: DIGEST, size: COUNT, mediaType: text() }),
);

const LONGEST_FILTER = 300;
const FILTER = text({ maxLength: LONGEST_FILTER, description: `text of at most ${LONGEST_FILTER} characters` });

/** What the list of runs can be narrowed to, by name of the parameter. */
export const RUN_FILTERS: { readonly [K in keyof RunFilter]-?: Schema<NonNullable<RunFilter[K]>> } = {
  testCase: FILTER,
  version: FILTER,
  variant: FILTER,
  model: FILTER,
  harness: FILTER,
  // Nothing is no filter.
  status: { enum: ['', ...STATUSES], description: `one of ${STATUSES.join(', ')}` },
  reviewer: FILTER,
  search: FILTER,
  retracted: oneOf('with', 'only', 'without'),
};
