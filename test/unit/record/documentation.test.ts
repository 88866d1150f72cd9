import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { JsonValue } from '../../../lib/encoding/canonical-json.ts';
import { strictJson } from '../../../lib/encoding/strict-json.ts';
import { Place } from '../../../lib/record/place.ts';
import { checkRecord } from '../../../lib/record/record-check.ts';
import { checkReview } from '../../../lib/record/review-check.ts';
import { STATUSES } from '../../../lib/record/status.ts';
import type { RunFault } from '../../../lib/record/wire.ts';

const PAGE = readFileSync(new URL('../../../docs/records.md', import.meta.url), 'utf8');
const [record, review] = [...PAGE.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) =>
  strictJson(
    Buffer.from(text.replaceAll('sha256:…', `sha256:${'0'.repeat(64)}`).replaceAll('https://…', 'https://a.example')),
  ),
);

test.each([
  ['record', record, checkRecord],
  ['review', review, checkReview],
] as const)('the %s that is shown to people is taken', (document, value, check) => {
  const faults: RunFault[] = [];
  check(value as JsonValue, new Place(document, faults));
  expect(faults).toEqual([]);
});

test('every status that is published is told of', () => {
  for (const status of STATUSES) expect(PAGE).toContain(`| \`${status}\` |`);
});
