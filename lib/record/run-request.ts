import { canonicalJson, type JsonObject, type JsonValue } from '../encoding/canonical-json.ts';
import { strictJson, StrictJsonError } from '../encoding/strict-json.ts';
import { isObject, noSecret } from './field-check.ts';
import { cutPath, Place } from './place.ts';
import { checkLinks, checkRecord } from './record-check.ts';
import { checkReview } from './review-check.ts';
import { RunError } from './run-error.ts';
import type { Review, RunFault, RunRecord } from './wire.ts';

/** Of a record or a review, in its canonical form. */
export const MAX_BODY_BYTES = 1024 * 1024;
const MAX_REASON = 2000;

/** What was asked for, checked as far as it can be without the store. */
export interface CheckedSubmission {
  readonly record: RunRecord;
  readonly review: Review;
}

export interface CheckedReview {
  readonly review: Review;
  readonly note: string | undefined;
  readonly expect: string | null | undefined;
}

export interface CheckedAmendment {
  readonly record: RunRecord;
  readonly reason: string;
  readonly expect: string | undefined;
}

/** JSON of a request; throws `run-invalid` with the path of what every reader would take differently. */
export function readRequest(bytes: Uint8Array): JsonValue {
  try {
    return strictJson(bytes);
  } catch (error) {
    if (!(error instanceof StrictJsonError) || error.isSyntax) throw error;
    throw invalid([{ document: 'request', path: cutPath(error.path), message: error.what }]);
  }
}

export function checkSubmission(request: JsonValue): CheckedSubmission {
  const { body, faults } = bodyOf(request);
  const record = checkedRecord(body['record'], faults, body['links']);
  const review = checkedReview(body['review'], faults, 'a run is published with its review');
  throwFaults(faults);
  return { record: record as unknown as RunRecord, review: review as unknown as Review };
}

export function checkReviewRequest(request: JsonValue, reviewer: string): CheckedReview {
  const { body, faults, at } = bodyOf(request);
  const review = checkedReview(body['review'], faults, 'there is nothing to be kept');
  if (isObject(review) && typeof review['reviewer'] === 'string' && review['reviewer'] !== reviewer)
    new Place('review', faults, ['reviewer']).add(`is not ${JSON.stringify(reviewer)}, as the address says`);
  const note = body['note'];
  const expect = body['expect'];
  const said = note === undefined ? undefined : checkedReason(note, at.in('note'));
  if (expect !== undefined && expect !== null && typeof expect !== 'string')
    at.in('expect').add('is neither a digest nor null');
  throwFaults(faults);
  return { review: review as unknown as Review, note: said, expect: expect as string | null | undefined };
}

export function checkAmendment(request: JsonValue, id: string): CheckedAmendment {
  const { body, faults, at } = bodyOf(request);
  const record = checkedRecord(body['record'], faults, undefined);
  if (isObject(record) && typeof record['id'] === 'string' && record['id'] !== id)
    new Place('record', faults, ['id']).add(`is not ${JSON.stringify(id)}, as the address says`);
  const expect = body['expect'];
  const reason = checkedReason(body['reason'], at.in('reason'));
  if (expect !== undefined && typeof expect !== 'string') at.in('expect').add('is not a digest');
  throwFaults(faults);
  return { record: record as unknown as RunRecord, reason, expect: expect as string | undefined };
}

export function checkRetraction(request: JsonValue): string {
  const { body, faults, at } = bodyOf(request);
  const reason = checkedReason(body['reason'], at.in('reason'));
  throwFaults(faults);
  return reason;
}

export function throwFaults(faults: readonly RunFault[]): void {
  if (faults.length > 0) throw invalid(faults);
}

export function faultText({ document, path, message }: RunFault): string {
  return `${[document, ...(path === '' ? [] : [path])].join(': ')} ${message}`;
}

function invalid(faults: readonly RunFault[]): RunError {
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
  return new RunError('run-invalid', `${faults[0] === undefined ? '' : faultText(faults[0])}${more}`, { faults });
}

function bodyOf(request: JsonValue): { readonly body: JsonObject; readonly faults: RunFault[]; readonly at: Place } {
  const faults: RunFault[] = [];
  const at = new Place('request', faults);
  if (!isObject(request)) at.add('is not an object');
  throwFaults(faults);
  return { body: request as JsonObject, faults, at };
}

/** The record with the links that came beside it. */
function checkedRecord(record: JsonValue | undefined, faults: RunFault[], links: JsonValue | undefined): JsonValue {
  const at = new Place('record', faults);
  if (record === undefined) {
    at.add('is missing');
    return null;
  }
  checkRecord(record, at);
  const whole = isObject(record) ? withLinks(record, links, new Place('links', faults)) : record;
  if (isObject(whole)) checkSize(whole, at);
  return whole;
}

function withLinks(record: JsonObject, links: JsonValue | undefined, at: Place): JsonObject {
  if (links === undefined) return record;
  checkLinks(links, at);
  const own = record['links'];
  if (!isObject(links) || (own !== undefined && !isObject(own))) return record;
  for (const [name, link] of Object.entries(links)) {
    if (own !== undefined && Object.hasOwn(own, name) && own[name] !== link)
      at.in(name).add('is not what the record says');
  }
  return { ...record, links: { ...own, ...links } };
}

function checkedReview(review: JsonValue | undefined, faults: RunFault[], why: string): JsonValue {
  const at = new Place('review', faults);
  if (review === undefined) {
    at.add(`is missing: ${why}`);
    return null;
  }
  checkReview(review, at);
  if (isObject(review)) checkSize(review, at);
  return review;
}

function checkSize(body: JsonObject, at: Place): void {
  if (canonicalJson(body).length > MAX_BODY_BYTES) at.add('is larger than 1 MiB');
}

function checkedReason(value: JsonValue | undefined, at: Place): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (value === undefined) at.add('is missing: what is changed says why');
  else if (text === '' || text.length > MAX_REASON) at.add(`is not said in 1 to ${MAX_REASON} characters`);
  noSecret(text, at);
  return text;
}
