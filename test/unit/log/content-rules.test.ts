import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { ContentRules } from '../../../lib/log/content-rules.ts';

const [A, B, C] = ['a', 'b', 'c'].map((text) => sha256(Buffer.from(text)));
const HEAD = { v: 1, at: '2026-01-01T00:00:00.000Z' };

type Fields = Record<string, JsonValue | undefined>;

function definition(version = 'v1.0.0', digest = A!): Fields {
  return { type: 'definition', family: 'f', version, kind: 'test-case', digest };
}

function pin(from: string | null, to: string | null, version = 'v1.0.0'): Fields {
  const target = (digest: string | null): JsonValue => (digest === null ? null : { version, digest });
  return { type: 'pin', family: 'f', pin: 'p', from: target(from), to: target(to) };
}

function run(more: Fields = {}): Fields {
  const of = { family: 'f', version: 'v1.0.0', digest: A! };
  return { type: 'run', id: 'r', record: A!, review: A!, reviewer: 'ada', definition: of, status: 'passed', ...more };
}

const review = { type: 'review', id: 'r', reviewer: 'ada', review: B!, supersedes: A!, note: 'n' };
const amend = { type: 'amend', id: 'r', record: B!, supersedes: A!, reason: 'x' };
const retract = { type: 'retract', id: 'r', reason: 'x' };
const erase = { type: 'erase', id: 'r', reason: 'x' };
const isOf = { definition: { family: 'f', version: 'v1.0.0', digest: A! }, status: 'failed' };

function bytesOf(fields: Fields): Buffer {
  const present = Object.entries({ ...HEAD, ...fields }).filter(([, value]) => value !== undefined);
  return canonicalJson(Object.fromEntries(present));
}

/** What is wrong with the last of these; those before it are well. */
function faultOf(...all: readonly Fields[]): string | undefined {
  const rules = new ContentRules();
  for (const fields of all.slice(0, -1)) expect(rules.take(bytesOf(fields))).toBeUndefined();
  return rules.take(bytesOf(all.at(-1)!));
}

const removal = { type: 'removal', family: 'f', version: 'v1.0.0', digest: A!, reason: 'retention' };

describe('the rules of content', () => {
  const good: [string, Fields[]][] = [
    ['a definition', [definition()]],
    ['the same definition again', [definition(), definition()]],
    ['another version', [definition(), definition('v2.0.0', B)]],
    ['a pin that is made, moved and removed', [definition(), definition('v2.0.0', B), pin(null, A!), pin(A!, null)]],
    ['a statement', [definition(), { type: 'statement', family: 'f', version: 'v1.0.0', kind: 'erratum', text: 't' }]],
    ['a removal', [definition(), removal, definition('v2.0.0', B)]],
    ['a run', [definition(), run()]],
    ['an edit of a review', [definition(), run(), review, { ...review, review: C!, supersedes: B! }]],
    ["another reviewer's first review", [definition(), run(), { ...review, reviewer: 'bob', supersedes: undefined }]],
    ['amendments', [definition(), run(), amend, { ...amend, record: C!, supersedes: B! }]],
    ['an amendment that says what the run is now', [definition(), run(), { ...amend, ...isOf }]],
    ['a retraction', [definition(), run(), retract]],
    ['an erasure', [definition(), run(), erase]],
    ['an erasure of what was retracted', [definition(), run(), retract, erase]],
    ['a type that nobody knows', [{ type: 'remark', anything: [1, null] }]],
    ['a format that nobody knows', [{ ...definition('v1.0.0', 'x' as typeof A), v: 2 }]],
  ];
  test.each(good)('take %s', (_, fields) => expect(faultOf(...fields)).toBeUndefined());

  const bad: [string, string, Fields[]][] = [
    ['a version with another digest', 'one digest for ever', [definition(), definition('v1.0.0', B)]],
    ['a pin to nothing', 'does not have', [pin(null, A!)]],
    ['a pin to another digest of a version', 'does not have', [definition(), pin(null, B!)]],
    ['a pin from where it did not stand', 'stood at', [definition(), pin(B!, A!)]],
    ['a pin made twice', 'stood at', [definition(), pin(null, A!), pin(null, A!)]],
    ['a pin removed twice', 'stood at', [definition(), pin(null, A!), pin(A!, null), pin(A!, null)]],
    [
      'a statement on nothing',
      'does not have',
      [{ type: 'statement', family: 'f', version: 'v1', kind: 'retired', text: 't' }],
    ],
    ['a removal of nothing', 'does not have', [removal]],
    ['a removal of another digest', 'does not have', [definition('v1.0.0', B), removal]],
    ['a removal twice', 'removed before', [definition(), removal, removal]],
    ['the same version after its removal', 'never used again', [definition(), removal, definition()]],
    [
      'another version of the name after the removal',
      'never used again',
      [definition(), removal, definition('v1.0.0', B)],
    ],
    ['a pin to what was removed', 'does not have', [definition(), removal, pin(null, A!)]],
    ['a run of what was removed', 'does not have', [definition(), removal, run()]],
    ['a run twice', 'second time', [definition(), run(), run()]],
    ['a run of nothing', 'does not have', [run()]],
    ['a run of another digest', 'does not have', [definition('v1.0.0', B), run()]],
    ['a review of nothing', 'never published', [review]],
    ['a review that skips one', 'had', [definition(), run(), { ...review, supersedes: C! }]],
    ['an edit that hides that it is one', 'had', [definition(), run(), { ...review, supersedes: undefined }]],
    ['an edit of nothing', 'had none', [definition(), run(), { ...review, reviewer: 'bob' }]],
    ['an amendment of nothing', 'never published', [amend]],
    ['an amendment that skips one', 'had', [definition(), run(), amend, amend]],
    ['a retraction of nothing', 'never published', [retract]],
    ['a retraction twice', 'retracted before', [definition(), run(), retract, retract]],
    ['a review of what is retracted', 'retracted before', [definition(), run(), retract, review]],
    [
      'an amendment to nothing',
      'does not have',
      [definition('v1.0.0', B), { ...run(), definition: { ...isOf.definition, digest: B! } }, { ...amend, ...isOf }],
    ],
    ['an erasure of nothing', 'never published', [erase]],
    ['an erasure twice', 'erased before', [definition(), run(), erase, erase]],
    ['a review of what is erased', 'erased before', [definition(), run(), erase, review]],
    ['a retraction of what is erased', 'erased before', [definition(), run(), erase, retract]],
    ['no time', 'no time', [{ ...definition(), at: 'yesterday' }]],
    ['a day that is not', 'no time', [{ ...definition(), at: '2026-13-01T00:00:00.000Z' }]],
    ['a time in another zone', 'no time', [{ ...definition(), at: '2026-01-01T00:00:00.000+01:00' }]],
    ['no type', 'says its format', [{ family: 'f' }]],
    ['no format', 'says its format', [{ ...definition(), v: undefined }]],
  ];
  test.each(bad)('do not take %s', (_, why, fields) => expect(faultOf(...fields)).toContain(why));

  test.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['null', 'null'],
    ['other spaces', '{"at": "x","type":"t","v":1}'],
    ['another order', '{"type":"t","at":"x","v":1}'],
    ['a name twice', '{"at":"x","at":"x","type":"t","v":1}'],
    ['a newline', '{"at":"x","type":"t","v":1}\n'],
    ['another form of a number', '{"at":"x","type":"t","v":1.0}'],
    ['an escape that is not needed', '{"at":"\\u0041","type":"t","v":1}'],
  ])('do not take %s', (_, text) => {
    expect(new ContentRules().take(Buffer.from(text))).toBeTypeOf('string');
  });

  test('do not take bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"at":"'), Buffer.of(0xff), Buffer.from('","type":"t","v":1}')]);
    expect(new ContentRules().take(bytes)).toContain('canonical JSON');
  });

  test('hold against fields of any shape', () => {
    const odd: JsonValue[] = [null, 1, [], {}, true];
    for (const type of ['definition', 'pin', 'statement', 'removal', 'run', 'review', 'amend', 'retract', 'erase']) {
      for (const value of odd) {
        const rules = new ContentRules();
        const fields = { family: value, version: value, digest: value, from: value, to: value, definition: value };
        expect(rules.take(bytesOf({ type, ...fields, id: value, reviewer: value }))).toContain('no such thing');
      }
    }
  });
});
