import { expect, test } from 'vitest';
import { Changes } from '../../../lib/moving/changes.ts';
import { beginMove, endMove, requireWhole } from '../../../lib/moving/note.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const NOTE = {
  what: 'restore',
  from: 'the backup of today',
  into: 'files:/blobs',
  begun: '2026-01-01T00:00:00Z',
} as const;
const [key, value] = [Buffer.from('t-key'), Buffer.from('value')];

test('a try that is begun again stops the one that still runs, before it changes or ends anything', async () => {
  const { keys } = stores();
  const into = { keys, blobs: undefined };
  const first = await beginMove(into, NOTE);
  const second = await beginMove(into, NOTE);
  expect([first.fresh, second.fresh]).toEqual([true, false]);

  const late = new Changes(keys, first.held);
  await late.put({ key, value });
  await expect(late.end()).rejects.toMatchObject({ code: 'in-use' });
  await expect(endMove(into, first.held)).rejects.toMatchObject({ code: 'in-use' });
  expect(await keys.get(key)).toBeUndefined();
  await expect(requireWhole(keys)).rejects.toMatchObject({ code: 'not-whole' });

  const changes = new Changes(keys, second.held);
  await changes.put({ key, value });
  await changes.end();
  await endMove(into, second.held);
  await requireWhole(keys);
  expect(await keys.get(key)).toEqual(value);
});
