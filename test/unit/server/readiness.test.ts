import { expect, test } from 'vitest';
import { makeReadiness, type ReadinessOptions } from '../../../server/readiness.ts';

const fine = (): Promise<void> => Promise.resolve();
const broken = (): Promise<void> => Promise.reject(new Error('it is away'));
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
  expect(await makeReadiness({ store, blobs }, told()).unreachable()).toEqual(unreachable);
});

test('asks once for many who ask at once, and says each change once', async () => {
  let asked = 0;
  let reach = broken;
  const { lines, ...options } = told();
  const readiness = makeReadiness(
    {
      store: fine,
      blobs() {
        asked += 1;
        return reach();
      },
    },
    options,
  );
  await Promise.all(Array.from({ length: 10 }, () => readiness.unreachable()));
  expect(asked).toBe(1);
  await turn();
  await readiness.unreachable();
  expect(lines).toEqual(['cannot be reached blobs']);
  reach = fine;
  await turn();
  expect(await readiness.unreachable()).toEqual([]);
  expect(asked).toBe(3);
  expect(lines).toEqual(['cannot be reached blobs', 'reached again blobs']);
});

test('keeps an answer for a while, and no longer', async () => {
  let asked = 0;
  const count = (): Promise<void> => {
    asked += 1;
    return fine();
  };
  const readiness = makeReadiness({ store: count, blobs: fine }, { ...told(), keptMs: 60_000 });
  await readiness.unreachable();
  await turn();
  await readiness.unreachable();
  expect(asked).toBe(1);
});
