import { canonicalJson, type JsonObject, type JsonValue } from '../encoding/canonical-json.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { jsonOf } from './documents.ts';
import type { Ref } from './objects.ts';
import { SUMMARY_BYTES } from './shape.ts';
import type { RunDocument, RunSummary } from './wire.ts';

/** What a page says of a run: little enough that a page stays small whatever a record holds. */
export function summaryOf(run: RunDocument, document: Ref): RunSummary {
  const { id, number, published, retracted } = run;
  const erased = run.erased === undefined ? {} : ({ erased: true } as const);
  const head = { id, number, index: published.index, at: published.at, document, ...erased };
  if (retracted !== undefined) {
    const { at, reason } = retracted;
    return smallest(
      { ...head, retracted: { at, reason } },
      { ...head, retracted: { at, reason: beginning(reason) }, cut: true },
    );
  }
  const { definition, status, record, amended = [] } = run;
  const known = {
    ...head,
    ...(definition === undefined ? {} : { definition: { family: definition.family, version: definition.version } }),
    ...(status === undefined ? {} : { status }),
    ...(amended.length === 0 ? {} : { amendments: amended.length }),
  };
  const reviews = reviewsOf(run);
  const body = record?.state === 'shown' ? fieldsOf(record.body) : {};
  const bare = { ...known, cut: true } as const;
  return smallest({ ...known, ...body, reviews }, { ...bare, ...withoutMetrics(body) }, bare);
}

/** The first that fits, else the last. */
function smallest(...summaries: readonly [RunSummary, ...RunSummary[]]): RunSummary {
  const fits = summaries.find((summary) => canonicalJson(jsonOf(summary)).length <= SUMMARY_BYTES);
  return fits ?? summaries.at(-1)!;
}

/** Of text, so much as surely fits, whole characters. */
function beginning(text: string): string {
  const cut = text.slice(0, 200);
  return isWellFormed(cut) ? cut : cut.slice(0, -1);
}

function fieldsOf({ subject, startedAt, endedAt, metrics }: JsonObject): Partial<RunSummary> {
  const of = isObject(subject) ? subject : {};
  return {
    ...texts({ variant: of['variant'], orchestrator: of['orchestrator'], model: of['model'], startedAt, endedAt }),
    ...(isObject(of['harness']) ? { harness: of['harness'] } : {}),
    ...(isObject(metrics) ? { metrics } : {}),
  };
}

function withoutMetrics({ metrics: _, ...fields }: Partial<RunSummary>): Partial<RunSummary> {
  return fields;
}

function texts(fields: Readonly<Record<string, JsonValue | undefined>>): Partial<RunSummary> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => typeof value === 'string'));
}

/** As they are now. */
function reviewsOf({ reviews = [] }: RunDocument): NonNullable<RunSummary['reviews']> {
  return reviews.map(({ reviewer, history }) => {
    const now = history.at(-1)?.review;
    const ratings = now?.state === 'shown' ? now.body['ratings'] : undefined;
    return { reviewer, ...(isObject(ratings) ? { ratings } : {}) };
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
