import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conforming, schemaFaults } from '../../../lib/encoding/schema-check.ts';
import {
  anyOf,
  integer,
  list,
  mapOf,
  object,
  oneOf,
  optional,
  orNull,
  text,
  type JsonSchema,
} from '../../../lib/encoding/schema.ts';
import { rounds } from '../../support/rounds.ts';

const ROUNDS = rounds(100, 300);
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, unicodeRegExp: true });

interface Order {
  readonly id: string;
  readonly count: number;
  readonly note?: string | null;
  readonly lines: readonly { readonly kind: 'a' | 'b' }[];
}
const ORDER = object<Order>({
  id: text({ pattern: '^[a-z]+$', description: 'a word' }),
  count: integer({ minimum: 1, maximum: 9 }),
  note: optional(orNull(text({ maxLength: 3 }))),
  lines: list(object<{ readonly kind: 'a' | 'b' }>({ kind: oneOf('a', 'b') }), { maxItems: 2 }),
});

function refuse(message: string): Error {
  return new Error(message);
}

describe('a check of a schema', () => {
  test('takes what fits, with fields that it does not know', () => {
    for (const note of [{}, { note: null }, { note: 'abc' }, { note: '🎱🎱🎱' }, { more: 1 }])
      expect(schemaFaults(ORDER, { id: 'x', count: 9, lines: [{ kind: 'b', more: [] }], ...note })).toEqual([]);
  });

  test('tells every fault with its place, in the words of the schema', () => {
    const value = { id: 'X', count: 1.5, note: '🎱🎱🎱🎱', lines: [{ kind: 'c' }, {}, 7] };
    expect(schemaFaults(ORDER, value)).toEqual([
      { path: 'id', message: 'is a word, not "X"' },
      { path: 'count', message: 'is an integer from 1 to 9, not 1.5' },
      { path: 'note', message: 'is text of at most 3 characters or null, not "🎱🎱🎱🎱"' },
      { path: 'lines', message: 'is a list of at most 2' },
    ]);
    expect(schemaFaults(ORDER, { ...value, lines: [{ kind: 'c' }, {}] }).slice(3)).toEqual([
      { path: 'lines[0].kind', message: 'is one of a, b, not "c"' },
      { path: 'lines[1].kind', message: 'is one of a, b' },
    ]);
    expect(schemaFaults(ORDER, [])).toEqual([{ path: '', message: 'is a JSON object' }]);
    expect(schemaFaults(ORDER, {}).map(({ path }) => path)).toEqual(['id', 'count', 'lines']);
  });

  test('tells of fields that are not known only where none may be', () => {
    const closed = object<{ readonly a?: string }>({ a: optional(text()) }, { additionalProperties: false });
    expect(schemaFaults(closed, { a: '', b: 1 })).toEqual([{ path: '', message: 'has no field "b"' }]);
    const own = JSON.parse('{"__proto__": 1, "constructor": 2}') as object;
    expect(schemaFaults(closed, own)).toHaveLength(2);
  });

  test('tells no more than a hundred faults, and cuts a long path', () => {
    expect(
      schemaFaults(
        list(text()),
        Array.from({ length: 100_000 }, () => 1),
      ),
    ).toHaveLength(100);
    const [fault] = schemaFaults(mapOf(text()), { ['x'.repeat(1000)]: 1 });
    expect(fault?.path).toHaveLength(301);
  });

  test('throws what it is told to with the first fault, and how many more there are', () => {
    expect(conforming(ORDER, { id: 'x', count: 1, lines: [] }, 'an order', refuse)).toMatchObject({ id: 'x' });
    expect(() => conforming(ORDER, 1, 'an order', refuse)).toThrow(/^an order is a JSON object, not 1$/);
    expect(() => conforming(ORDER, {}, 'an order', refuse)).toThrow(/^id is a word, and 2 more$/);
  });

  test('says of any value what another validator says', () => {
    fc.assert(
      fc.property(
        SCHEMA.chain((schema) => fc.tuple(fc.constant(schema), fc.oneof(VALUE, near(schema)))),
        ([schema, value]) => {
          const ours = schemaFaults(schema, value).length === 0;
          expect(ours).toBe(ajv.compile(schema)(value));
        },
      ),
      { numRuns: ROUNDS },
    );
  });
});

const TEXT = fc.constantFrom('', 'a', 'ab', 'abc', 'A', '1', '🎱', '🎱🎱', '\n', ' a', 'é');
const VALUE: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    TEXT,
    fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 3, 1e21),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'D'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

const SMALL = fc.nat(3);
const SCHEMA: fc.Arbitrary<JsonSchema> = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    fc
      .record(
        {
          minLength: SMALL,
          maxLength: SMALL,
          pattern: fc.constantFrom('a', '^a', '\\S', '^.$', '^[^\\u0000-\\u001f]*$'),
        },
        { requiredKeys: [] },
      )
      .map((more) => text(more)),
    fc.record({ minimum: SMALL, maximum: SMALL }, { requiredKeys: [] }).map((more) => integer(more)),
    fc
      .record({ minimum: SMALL, maximum: SMALL }, { requiredKeys: [] })
      .map((more) => ({ type: 'number', ...more }) as const),
    fc.constantFrom<JsonSchema>({ type: 'boolean' }, { type: 'null' }, {}, oneOf('a', 1, null), oneOf(true, false)),
    fc.tuple(tie('schema'), SMALL).map(([items, maxItems]) => list(items, { maxItems })),
    fc.tuple(tie('schema'), tie('schema')).map((both) => anyOf(...both)),
    tie('schema').map(orNull),
    fc.tuple(tie('schema'), SMALL).map(([schema, maxProperties]) => ({
      ...mapOf(schema),
      maxProperties,
      propertyNames: { type: 'string', pattern: '^[a-z]' } as const,
    })),
    fc
      .tuple(tie('schema'), tie('schema'), fc.boolean())
      .map(([a, b, additionalProperties]) =>
        object<{ a: unknown; b?: unknown }>({ a, b: optional(b) }, { additionalProperties }),
      ),
  ),
})).schema;

/** Values that are more often than not what a schema wants. */
function near(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type, items, properties, anyOf: either } = schema;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (either !== undefined) return fc.oneof(...either.map(near));
  if (type === 'array' && items !== undefined) return fc.array(near(items), { maxLength: 4 });
  if (properties !== undefined)
    return fc.record(Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, near(one)])), {
      requiredKeys: [],
    });
  if (type === 'string') return TEXT;
  if (type === 'integer' || type === 'number') return fc.constantFrom(-1, 0, 1, 1.5, 2, 3, 4);
  return VALUE;
}
