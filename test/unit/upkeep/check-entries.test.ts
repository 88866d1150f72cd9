import { beforeEach, describe, expect, it } from 'vitest';
import type { PinRecord, StatementsRecord, VersionRecord } from '../../../lib/definition/version-record.ts';
import type { FamilyEvent } from '../../../lib/definition/wire.ts';
import type { RunState, StoredEvent } from '../../../lib/record/run-state.ts';
import { decodeJson, encodeJson } from '../../../lib/store/json-value.ts';
import type { Commit } from '../../../lib/store/keyed-store.ts';
import * as keys from '../../../lib/store/keys.ts';
import { check } from '../../../lib/upkeep/check.ts';
import { eraseBodies } from '../../../lib/upkeep/erase.ts';
import { FAMILY, sampleRecord, sampleReview, submission, useRunPlace } from '../../support/run-place.ts';
import { SOMEBODY } from '../../support/stored-git.ts';

const place = useRunPlace();
const BY = SOMEBODY;

/** A run with all that can happen to one, others that were retracted and erased, and a version with pin and statements. */
beforeEach(async () => {
  const { definitions, runs, stores, registry, log } = place();
  for (const id of ['a', 'gone', 'erased'])
    await runs.submit(submission(sampleRecord(id), sampleReview({ text: `of ${id}` })), BY);
  const edit = sampleReview({ ratings: { play: 20 } });
  await runs.review('a', 'ada', submission(undefined, edit, { note: 'saw it again' }), BY);
  await runs.review('a', 'bob', submission(undefined, sampleReview({ reviewer: 'bob' })), BY);
  const amended = sampleRecord('a', { status: 'failed' });
  await runs.amend('a', submission(amended, undefined, { reason: 'misread' }), { address: '::1' });
  await runs.retract('gone', submission(undefined, undefined, { reason: 'wrong model' }), BY);
  const { bodies } = await runs.erase('erased', submission(undefined, undefined, { reason: 'by law' }), BY);
  await eraseBodies(stores, registry, bodies, Date.now);
  await definitions.pins.change(FAMILY, 'stable', { to: 'v1.0.0', note: 'at last' }, BY);
  await definitions.pins.change(FAMILY, 'tried', { to: 'v1.0.0' }, BY);
  await definitions.pins.change(FAMILY, 'tried', { to: null }, BY);
  for (const text of ['a word', 'another word'])
    await definitions.statements.add(FAMILY, 'v1.0.0', { kind: 'erratum', text }, BY);
  await log.flush();
});

async function found(): Promise<string[]> {
  const { stores, registry } = place();
  const findings: string[] = [];
  const onFinding = ({ severity, name, what }: { severity: string; name: string; what: string }): void =>
    void findings.push(`${severity} ${name}: ${what}`);
  await check(stores, registry, { content: true, onFinding });
  return findings;
}

async function valueOf<T extends object>(key: Uint8Array): Promise<T> {
  return decodeJson<T>((await place().stores.keys.get(key))!);
}

async function put(key: Uint8Array, value: unknown): Promise<void> {
  await place().stores.keys.commit({ puts: [{ key, value: encodeJson(value as object) }] });
}

/** Somebody changes what is kept of a run. */
async function changeRun(id: string, change: (state: RunState) => Partial<RunState>): Promise<string[]> {
  const state = await valueOf<RunState>(keys.runKey(id));
  await put(keys.runKey(id), { ...state, ...change(state) });
  return found();
}

function withEvent(at: number, change: (event: StoredEvent) => object): (state: RunState) => Partial<RunState> {
  return ({ events }) => ({
    events: events.map((event, n) => (n === at ? { ...event, ...change(event) } : event)),
  });
}

it('nothing is wrong with what nobody touched', async () => {
  expect(await found()).toEqual([]);
});

function first({ events: [one] }: RunState): Extract<StoredEvent, { what: 'submitted' }> {
  return one as never;
}

describe('a run that was changed beside the log', () => {
  const changes: readonly (readonly [string, string, (state: RunState) => Partial<RunState>, string])[] = [
    [
      'its record is an earlier one of its own',
      'a',
      (state) => ({ record: first(state).record }),
      'its record is sha256:',
    ],
    [
      'the status that lists show',
      'gone',
      ({ outline }) => ({ outline: { ...outline, status: 'declined' } }),
      'its status is completed, and not declined',
    ],
    [
      'the version that lists show',
      'gone',
      ({ outline }) => ({ outline: { ...outline, definition: { ...outline.definition, version: 'v9.0.0' } } }),
      'it is of test-cases/carom@v1.0.0, and not test-cases/carom@v9.0.0',
    ],
    [
      'a review is an earlier one',
      'a',
      (state) => ({ reviews: state.reviews.map((one) => ({ ...one, review: first(state).review })) }),
      'its reviews are not',
    ],
    ['a review is left out', 'a', ({ reviews }) => ({ reviews: reviews.slice(0, 1) }), 'its reviews are not'],
    [
      'a digest in its history',
      'a',
      withEvent(3, () => ({ record: `sha256:${'0'.repeat(64)}` })),
      'otherwise than entry',
    ],
    ['a note in its history', 'a', withEvent(1, () => ({ note: 'did not' })), 'of the log: note'],
    ['a reason in its history', 'a', withEvent(3, () => ({ reason: 'no' })), 'of the log: reason'],
    ['who did it', 'a', withEvent(0, () => ({ by: { address: '', name: 'another' } })), 'of the log: by'],
    ['when it was', 'a', withEvent(0, () => ({ at: '2000-01-01T00:00:00.000Z' })), 'of the log: at'],
    [
      'an event is left out',
      'a',
      ({ events }) => ({ events: events.slice(0, 3) }),
      'has 4 entries about it, and its history 3',
    ],
    [
      'the retraction is forgotten',
      'gone',
      ({ retracted: _, ...state }) => ({ ...state, retracted: undefined as never }),
      'was retracted',
    ],
    [
      'another reason of its retraction',
      'gone',
      ({ retracted }) => ({ retracted: { ...retracted!, reason: 'x' } }),
      'retracted otherwise',
    ],
    ['a retraction that never was', 'a', ({ at, by }) => ({ retracted: { at, by, reason: 'x' } }), 'was not retracted'],
    ['the erasure is forgotten', 'erased', () => ({ erased: undefined as never }), 'its reviews are not'],
  ];
  it.each(changes)('is found: %s', async (_, id, change, what) => {
    const findings = await changeRun(id, change);
    expect(findings.filter((one) => one.startsWith(`error run ${id}: `) && one.includes(what))).not.toEqual([]);
    expect(findings.every((one) => one.startsWith(`error run ${id}: `))).toBe(true);
  });

  it('is found where it is gone altogether, lists and all', async () => {
    const { index } = await valueOf<RunState>(keys.runKey('a'));
    await place().stores.keys.commit({ deletes: [keys.runKey('a'), keys.runPlaceKey(index)] });
    expect(await found()).toContain('error run a: the log has the run, and it is not there');
  });

  it('is found where the log never had it', async () => {
    const state = await valueOf<RunState>(keys.runKey('a'));
    await put(keys.runKey('new'), state);
    expect(await found()).toContain('error run new: the log has 0 entries about it, and its history 4');
  });
});

describe('of versions, pins and statements', () => {
  const changes: readonly (readonly [string, () => Promise<Commit>, RegExp])[] = [
    [
      'a part of a version',
      async () => changed<VersionRecord>(keys.versionKey(FAMILY, 'v1.0.0'), { commit: '3'.repeat(40) }),
      /^error v1\.0\.0: the log says of its parts/,
    ],
    [
      'where a pin stands',
      async () => changed<PinRecord>(keys.pinKey(FAMILY, 'stable'), { version: 'v2.0.0' }),
      /^error stable: the log says that the pin stands at v1\.0\.0/,
    ],
    [
      'a pin that was removed is there again',
      async () => ({
        puts: [{ key: keys.pinKey(FAMILY, 'tried'), value: (await raw(keys.pinKey(FAMILY, 'stable')))! }],
      }),
      /^error tried: the log says that the pin stands nowhere/,
    ],
    [
      'a pin is gone',
      async () => ({ deletes: [keys.pinKey(FAMILY, 'stable')] }),
      /^error stable: the log has the pin, and it is not there/,
    ],
    [
      'a statement is left out',
      async () => {
        const key = keys.statementsKey(FAMILY, 'v1.0.0');
        const { statements } = await valueOf<StatementsRecord>(key);
        return changed<StatementsRecord>(key, { statements: statements.slice(1) });
      },
      /^error v1\.0\.0: its statements are not those/,
    ],
    [
      'all statements are gone',
      async () => ({ deletes: [keys.statementsKey(FAMILY, 'v1.0.0')] }),
      /^error v1\.0\.0: the log has a statement on the version/,
    ],
    [
      'a note in the history of a pin',
      async () => changed<FamilyEvent>(keys.eventKey(FAMILY, 1), { note: 'at first' }),
      /^error event 1: the event says otherwise than entry \d+ of the log/,
    ],
    [
      'an event that the log has not',
      async () => ({ puts: [{ key: keys.eventKey(FAMILY, 6), value: (await raw(keys.eventKey(FAMILY, 5)))! }] }),
      /^error event 6: the log does not have the event/,
    ],
    [
      'a version is gone',
      async () => ({ deletes: [keys.versionKey(FAMILY, 'v1.0.0')] }),
      /^error v1\.0\.0: the log has the version, and it is not there/,
    ],
  ];

  it.each(changes)('what was changed beside the log is found: %s', async (_, harm, what) => {
    await place().stores.keys.commit(await harm());
    expect(await found()).toContainEqual(expect.stringMatching(what));
  });
});

function raw(key: Uint8Array): Promise<Uint8Array | undefined> {
  return place().stores.keys.get(key);
}

async function changed<T extends object>(key: Uint8Array, change: Partial<T>): Promise<Commit> {
  return { puts: [{ key, value: encodeJson({ ...(await valueOf<T>(key)), ...change }) }] };
}
