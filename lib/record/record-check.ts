import type { JsonObject, JsonValue } from '../encoding/canonical-json.ts';
import { FAMILY_PATTERN, isFamily, MAX_FAMILY_LENGTH } from '../oci/name.ts';
import {
  all,
  CONTROLS,
  fieldCheck,
  fields,
  integer,
  isObject,
  like,
  list,
  name,
  named,
  noSecret,
  numberBetween,
  oneOf,
  orNull,
  quoted,
  text,
  TRIMMED,
  type FieldCheck,
} from './field-check.ts';
import type { Place } from './place.ts';
import { checkStatus } from './status.ts';

export const MAX_MEDIA = 256;
const LONGEST_NAME = 200;
const LONGEST_ADDRESS = 2000;
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const TIME = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;

export function isRunId(id: string): boolean {
  return RUN_ID.test(id);
}

/** That a value is a record of format 1. What needs the store to know is looked at elsewhere. */
export function checkRecord(value: JsonValue, at: Place): void {
  RECORD(value, at);
  if (!isObject(value)) return;
  checkOrder(value, at);
  checkProofs(value, at);
}

export function checkLinks(value: JsonValue, at: Place): void {
  LINKS(value, at);
}

const checkTime = fieldCheck({ type: 'string', pattern: TIME.source }, (value, at) => {
  const [, day] = (typeof value === 'string' ? TIME.exec(value) : null) ?? [];
  if (day === undefined || !isDay(day)) at.add('is not a time in UTC, as in "2025-06-01T12:00:00Z"');
});

/** The calendar of Date goes on into the next month where a day is too high. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const FAMILY = { type: 'string', pattern: FAMILY_PATTERN, maxLength: MAX_FAMILY_LENGTH } as const;
const checkTestCase = fieldCheck(FAMILY, (value, at) => {
  if (typeof value !== 'string' || !isFamily(value)) at.add('is not the name of a family, as in "test-cases/carom"');
});

const ADDRESS = /^https?:\/\/[^\s\\]+$/;
const AN_ADDRESS = { type: 'string', pattern: ADDRESS.source, maxLength: LONGEST_ADDRESS } as const;
const checkAddress = fieldCheck(AN_ADDRESS, (value, at) => {
  const address = typeof value === 'string' && value.length <= LONGEST_ADDRESS ? value : '';
  // What a browser would run or show from elsewhere is no link.
  if (!ADDRESS.test(address) || !URL.canParse(address)) {
    at.add(`is not an http or https address of at most ${LONGEST_ADDRESS} characters`);
    return;
  }
  const { username, password } = new URL(address);
  if (username !== '' || password !== '') at.add('holds a user name or a password');
});

const PATH = '(?!\\.{0,2}(?:/|$)|[\\s\\S]*/\\.{0,2}(?:/|$))';
const A_PATH = { type: 'string', pattern: `^${TRIMMED}${PATH}[^${CONTROLS}\\\\:*?"<>|]+$`, maxLength: 300 } as const;
const checkMediaName = fieldCheck(A_PATH, (value, at) => {
  name(300)(value, at);
  if (typeof value !== 'string') return;
  const isPath = value.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPath || /[\\:*?"<>|]/.test(value)) at.add(`${quoted(value)} is not a relative path that every system takes`);
});

const aName = name(LONGEST_NAME);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const outcome = oneOf(true, false, null);
const sha256Digest = like(/^sha256:[0-9a-f]{64}$/, 'is not sha256: and 64 hex digits');

const SUBJECT = fields(
  {
    testCase: checkTestCase,
    version: aName,
    digest: sha256Digest,
    variant: aName,
    harness: fields({ name: aName, version: aName }, ['name']),
    orchestrator: aName,
    model: aName,
  },
  ['testCase', 'harness', 'model'],
);

export const LINKS: FieldCheck = fields({ source: checkAddress, build: checkAddress });

const METRICS = fields({
  runTimeMs: orNull(count),
  tokens: named(aName, orNull(count), 50),
  costs: named(
    like(/^[A-Z]{3,10}$/, 'is no currency, as in "USD"'),
    orNull(like(/^(?:0|[1-9]\d{0,14})(?:\.\d{1,18})?$/, 'is not a sum of money as text, as in "0.25"')),
    20,
  ),
});

const VALIDATION = fields({
  loaded: outcome,
  install: outcome,
  build: outcome,
  checks: list(
    fields({ id: aName, passed: outcome, similarity: orNull(numberBetween(0, 1)) }, ['id', 'passed']),
    1000,
    'id',
  ),
  proofs: list(fields({ id: aName, media: text(300) }, ['id', 'media']), MAX_MEDIA, 'id'),
});

const MEDIA = fields(
  {
    name: checkMediaName,
    digest: sha256Digest,
    size: count,
    mediaType: like(/^[a-z0-9][a-z0-9.+-]{0,99}\/[a-z0-9][a-z0-9.+-]{0,99}$/, 'is no media type, as in "image/png"'),
  },
  ['name', 'digest', 'size', 'mediaType'],
);

export const RECORD: FieldCheck = fields(
  {
    format: oneOf(1),
    id: all(
      like(RUN_ID, 'is no id: letters, digits, . _ and -, beginning with a letter or a digit, at most 100'),
      noSecret,
    ),
    startedAt: checkTime,
    endedAt: checkTime,
    subject: SUBJECT,
    tooling: fields({ commit: like(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'is not a whole Git commit id') }),
    environment: fields({
      os: aName,
      container: like(
        /^(?:[^\s@]{1,300}@)?sha256:[0-9a-f]{64}$/,
        'does not say which image ran: its digest, alone or as in name@sha256:…',
      ),
      auth: aName,
    }),
    metrics: METRICS,
    validation: VALIDATION,
    links: LINKS,
    status: checkStatus,
    media: list(MEDIA, MAX_MEDIA, 'name'),
    definition: fields({ family: checkTestCase, version: aName, digest: sha256Digest }, [
      'family',
      'version',
      'digest',
    ]),
  },
  ['format', 'id', 'startedAt', 'subject', 'status'],
);

function checkOrder({ startedAt, endedAt }: JsonObject, at: Place): void {
  if (typeof startedAt !== 'string' || typeof endedAt !== 'string') return;
  if (TIME.test(startedAt) && TIME.test(endedAt) && moment(endedAt) < moment(startedAt))
    at.in('endedAt').add('is before the run began');
}

/** Comparable as text, with all digits of a second. */
function moment(time: string): string {
  const [whole = '', fraction = ''] = time.slice(0, -1).split('.');
  return `${whole}.${fraction.padEnd(9, '0')}`;
}

/** That proofs are shown by media of the record. */
function checkProofs({ validation, media }: JsonObject, at: Place): void {
  const proofs = isObject(validation) && Array.isArray(validation['proofs']) ? validation['proofs'] : [];
  const items: readonly JsonValue[] = Array.isArray(media) ? media : [];
  const names = new Set(items.map((item) => (isObject(item) ? item['name'] : undefined)));
  for (const [index, proof] of (proofs as readonly JsonValue[]).entries()) {
    const shown = isObject(proof) ? proof['media'] : undefined;
    if (typeof shown === 'string' && !names.has(shown))
      at.in('validation', 'proofs', index, 'media').add(`${quoted(shown)} is not among the media`);
  }
}
