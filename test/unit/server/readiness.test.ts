import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../lib/store/store-error.ts';
import { makeReadiness, type ReadinessOptions } from '../../../server/readiness.ts';

const fine = (): Promise<void> => Promise.resolve();
const broken = (): Promise<void> => Promise.reject(new Error('it is away'));
const readOnly = (): Promise<void> => Promise.reject(new StoreError('read-only', 'the disk takes none'));
const silent = (): Promise<void> => new Promise(() => {});

function told(): { lines: string[] } & ReadinessOptions {
  const lines: string[] = [];
  const say = (message: string, fields: object = {}): void =>
    void lines.push(`${message} ${String((fields as { part?: string }).part)}`);
  return { lines, log: { error: say, info: say }, limitMs: 30, keptMs: 0 };
}

/** Until the answer before is forgotten. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

test.each([
  { store: fine, blobs: fine, unreachable: [] },
  { store: broken, blobs: fine, unreachable: ['store'] },
  { store: fine, blobs: silent, unreachable: ['blobs'] },
  { store: silent, blobs: broken, unreachable: ['store', 'blobs'] },
])('names the parts that fail or do not answer in time: $unreachable', async ({ store, blobs, unreachable }) => {
  const parts = { store: { reach: store }, blobs: { reach: blobs } };
  expect(await makeReadiness(parts, told()).look()).toEqual({ unreachable, unwritable: [] });
});

test('asks once for many who ask at once, and says each change once', async () => {
  let asked = 0;
  let reach = broken;
  const { lines, ...options } = told();
  const readiness = makeReadiness(
    {
      store: { reach: fine },
      blobs: {
        reach() {
          asked += 1;
          return reach();
        },
      },
    },
    options,
  );
  await Promise.all(Array.from({ length: 10 }, () => readiness.look()));
  expect(asked).toBe(1);
  await turn();
  await readiness.look();
  expect(lines).toEqual(['cannot be reached blobs']);
  reach = fine;
  await turn();
  expect(await readiness.look()).toEqual({ unreachable: [], unwritable: [] });
  expect(asked).toBe(3);
  expect(lines).toEqual(['cannot be reached blobs', 'reached again blobs']);
});

test('keeps an answer for a while, and no longer', async () => {
  let asked = 0;
  const count = (): Promise<void> => {
    asked += 1;
    return fine();
  };
  const readiness = makeReadiness({ store: { reach: count }, blobs: { reach: fine } }, { ...told(), keptMs: 60_000 });
  await readiness.look();
  await turn();
  await readiness.look();
  expect(asked).toBe(1);
});

describe('a part that takes no writes', () => {
  test('is named though it answers, and tried each time until it takes one again', async () => {
    let write = readOnly;
    let tried = 0;
    const { lines, ...options } = told();
    const blobs = {
      reach: fine,
      write() {
        tried += 1;
        return write();
      },
    };
    const readiness = makeReadiness({ store: { reach: fine, write: fine }, blobs }, options);
    for (let look = 1; look <= 3; look += 1, await turn()) {
      expect(await readiness.look()).toEqual({ unreachable: [], unwritable: ['blobs'] });
      expect(tried).toBe(look);
    }
    write = fine;
    expect(await readiness.look()).toEqual({ unreachable: [], unwritable: [] });
    expect(lines).toEqual(['takes no writes blobs', 'takes writes again blobs']);
    // One that takes them is not written to whenever somebody asks.
    for (let look = 0; look < 3; look += 1, await turn()) await readiness.look();
    expect(tried).toBe(4);
  });

  test.each([
    ['takes long over one', silent],
    ['is busy', () => Promise.reject(new StoreError('busy', 'another writes'))],
  ])('is not one that %s', async (_what, write) => {
    const { lines, ...options } = told();
    const readiness = makeReadiness({ store: { reach: fine, write }, blobs: { reach: fine } }, options);
    for (let look = 0; look < 2; look += 1, await turn()) {
      expect(await readiness.look()).toEqual({ unreachable: [], unwritable: [] });
    }
    expect(lines).toEqual([]);
  });
});
