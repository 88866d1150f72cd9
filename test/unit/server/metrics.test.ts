import { expect, test } from 'vitest';
import { Metrics } from '../../../server/metrics.ts';

test('those who scrape at the same time ask once how publication stands, and later ones anew', async () => {
  const metrics = new Metrics();
  let asked = 0;
  metrics.publication(async () => {
    asked += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { target: 'dir:/public', logSize: 10 + asked, waiting: asked, held: false, failures: 0 };
  });
  const texts = await Promise.all(Array.from({ length: 8 }, () => metrics.text()));
  expect(asked).toBe(1);
  for (const text of texts) expect(text).toContain('\nassay_publication_waiting_entries 1\n');
  expect(await metrics.text()).toContain('\nassay_publication_waiting_entries 2\n');
});
