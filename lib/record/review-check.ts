import type { JsonValue } from '../encoding/canonical-json.ts';
import {
  CONTROLS,
  fieldCheck,
  fields,
  integer,
  isObject,
  name,
  named,
  noSecret,
  oneOf,
  quoted,
  text,
  TRIMMED,
  type FieldCheck,
} from './field-check.ts';
import type { Place } from './place.ts';

const HIGHEST_RATING = 100;
const LONGEST_TEXT = 100_000;
const MOST_DOMAINS = 50;
const MOST_ITEMS = 500;

/** What a definition says that its runs are judged by; what it does not declare is free. */
export interface Judged {
  readonly domains?: readonly string[] | undefined;
  readonly items?: readonly string[] | undefined;
}

const REVIEWER = { type: 'string', maxLength: 100, pattern: `^(?!\\.{1,2}$)${TRIMMED}[^${CONTROLS}]+$` } as const;
/** A dot or two alone would not stay in an address. */
export const checkReviewer: FieldCheck = fieldCheck(REVIEWER, (value, at) => {
  name(100)(value, at);
  if (value === '.' || value === '..') at.add('is no name');
  noSecret(value, at);
});

const aName = name(200);

export const REVIEW: FieldCheck = fields(
  {
    format: oneOf(1),
    reviewer: checkReviewer,
    ratings: named(aName, integer(0, HIGHEST_RATING), MOST_DOMAINS),
    verdicts: named(aName, oneOf('pass', 'partial', 'fail', 'n/a'), MOST_ITEMS),
    text: text(LONGEST_TEXT),
  },
  ['format', 'reviewer', 'ratings'],
);

/** That a value is a review of format 1. */
export function checkReview(value: JsonValue, at: Place): void {
  REVIEW(value, at);
  if (!isObject(value)) return;
  const isSilent = [value['ratings'], value['verdicts']].every(
    (one) => !isObject(one) || Object.keys(one).length === 0,
  );
  if (isSilent && typeof value['text'] !== 'string' && isObject(value['ratings']))
    at.add('says nothing: no rating, no verdict, no text');
}

/** That a review judges by what the definition declares. */
export function checkJudged(value: JsonValue, { domains, items }: Judged, at: Place): void {
  if (!isObject(value)) return;
  checkKeys(value['ratings'], domains, 'domains', at.in('ratings'));
  checkKeys(value['verdicts'], items, 'review items', at.in('verdicts'));
}

function checkKeys(value: JsonValue | undefined, known: readonly string[] | undefined, what: string, at: Place): void {
  if (known === undefined || !isObject(value)) return;
  const shown = known.slice(0, 20).map(quoted).join(', ');
  for (const key of Object.keys(value))
    if (!known.includes(key)) at.in(key).add(`is not among the ${what} of the definition: ${shown}`);
}
