import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { strictJson } from '../../../lib/encoding/strict-json.ts';
import { Place } from '../../../lib/record/place.ts';
import { checkRecord } from '../../../lib/record/record-check.ts';
import { checkReview } from '../../../lib/record/review-check.ts';
import type { RunFault } from '../../../lib/record/wire.ts';
import { FORMAT_1, RECORDS, runFile } from '../../support/record-fixtures.ts';

const DIGESTS = JSON.parse(readFileSync(join(RECORDS, 'digests.json'), 'utf8')) as Record<string, unknown>;

describe('runs of format 1', () => {
  it.each(FORMAT_1)('are read: %s', (run) => {
    const faults: RunFault[] = [];
    checkRecord(strictJson(runFile(run, 'record.json')), new Place('record', faults));
    checkReview(strictJson(runFile(run, 'review.json')), new Place('review', faults));
    expect(faults).toEqual([]);
  });

  it('have the digests that they always had', () => {
    const digests = FORMAT_1.map((run) => [
      run,
      { record: digestOf(run, 'record.json'), review: digestOf(run, 'review.json') },
    ]);
    expect(Object.fromEntries(digests)).toEqual(DIGESTS);
  });
});

function digestOf(run: string, file: string): string {
  return sha256(canonicalJson(strictJson(runFile(run, file))));
}
