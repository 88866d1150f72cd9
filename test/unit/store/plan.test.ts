import { describe, expect, test } from 'vitest';
import { Plan } from '../../../lib/store/plan.ts';

const [a, b] = [Buffer.from('a'), Buffer.from('b')];
const [one, two] = [Buffer.from('1'), Buffer.from('2')];

describe('a plan', () => {
  test('holds the first of two checks of a key', () => {
    const plan = new Plan()
      .check({ key: a, value: undefined })
      .check({ key: Buffer.from('a'), value: one }, { key: b, value: two });
    expect(plan.commit.checks).toEqual([
      { key: a, value: undefined },
      { key: b, value: two },
    ]);
  });

  test('makes the later of two puts of a key', () => {
    const plan = new Plan()
      .put({ key: a, value: one }, { key: b, value: one })
      .put({ key: Buffer.from('a'), value: two });
    expect(plan.commit.puts).toEqual([
      { key: a, value: two },
      { key: b, value: one },
    ]);
  });

  test.each([
    ['before', new Plan().delete(a).put({ key: Buffer.from('a'), value: one })],
    ['behind', new Plan().put({ key: a, value: one }).delete(Buffer.from('a'))],
  ])('does not delete what is put, where the put stands %s the deletion', (_, plan) => {
    expect(plan.commit).toEqual({ checks: [], puts: [{ key: a, value: one }], deletes: [] });
  });

  test('deletes a key once', () => {
    expect(new Plan().delete(a, Buffer.from('a'), b).commit.deletes).toEqual([a, b]);
  });

  test('tells apart keys that begin alike, and views of the same memory', () => {
    const memory = Buffer.from('aab');
    const plan = new Plan().put(
      { key: memory.subarray(0, 1), value: one },
      { key: new Uint8Array(memory.buffer, memory.byteOffset + 1, 2), value: one },
      { key: Buffer.from('a\0'), value: one },
    );
    expect(plan.commit.puts).toHaveLength(3);
  });

  test('changes nothing until something is put or deleted', () => {
    expect(new Plan().changesNothing).toBe(true);
    expect(new Plan().check({ key: a, value: one }).changesNothing).toBe(true);
    expect(new Plan().put({ key: a, value: one }).changesNothing).toBe(false);
    expect(new Plan().delete(a).changesNothing).toBe(false);
  });
});
