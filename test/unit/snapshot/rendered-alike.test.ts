import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../lib/encoding/canonical-json.ts';
import { refOf } from '../../../lib/snapshot/documents.ts';
import { isRenderedAlike } from '../../../lib/snapshot/render.ts';
import type { Sha256 } from '../../../lib/encoding/digest.ts';
import { FakeLog } from './support/fake-log.ts';
import { fullRender, type InMemory } from './support/full-render.ts';

async function rendered(): Promise<InMemory> {
  const log = new FakeLog();
  log.run('one');
  return fullRender(log);
}

/** The same snapshot with something else in its root. */
async function withRoot({ objects, id }: InMemory, change: (root: JsonObject) => JsonObject): Promise<Sha256> {
  const root = JSON.parse(Buffer.from((await objects.read(id))!).toString()) as JsonObject;
  const bytes = canonicalJson(change(root));
  const ref = refOf(bytes);
  await objects.write(ref, bytes);
  return ref.digest;
}

describe('a snapshot', () => {
  test('is what this release would make of its entries', async () => {
    const { objects, id } = await rendered();
    expect(await isRenderedAlike({ id, objects })).toBe(true);
    expect(await isRenderedAlike({ id, objects }, ['email'])).toBe(false);
  });

  test.each([0, 99])('of version %i of the scrubber is not', async (version) => {
    const made = await rendered();
    const id = await withRoot(made, (root) => ({
      ...root,
      scrubber: { ...(root['scrubber'] as JsonObject), version },
    }));
    expect(await isRenderedAlike({ id, objects: made.objects })).toBe(false);
  });

  test('of another format, damaged or lost is told from one that is', async () => {
    const made = await rendered();
    const { objects } = made;
    const id = await withRoot(made, (root) => ({ ...root, format: 99 }));
    await expect(isRenderedAlike({ id, objects })).rejects.toMatchObject({ code: 'format-unknown' });
    objects.objects.set(id, Buffer.from('{}'));
    await expect(isRenderedAlike({ id, objects })).rejects.toMatchObject({ code: 'object-wrong' });
    objects.objects.delete(id);
    await expect(isRenderedAlike({ id, objects })).rejects.toMatchObject({ code: 'snapshot-unknown' });
  });
});
