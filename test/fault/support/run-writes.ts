import type { Run } from '../../../lib/record/wire.ts';
import { jsonOf } from '../../support/http.ts';
import { sampleRecord, sampleReview } from '../../support/run-place.ts';
import { askJson, expectSame, found, type Target, type Write } from './write.ts';

/** A run of a version that is there, with its review. */
export function run(family: string, version: string, id: string): Write {
  return {
    kind: 'run',
    send: (to) => askJson(to, 'POST', '/api/v1/runs', submissionOf(family, version, id)),
    async look(at) {
      const there = await runAt(at, id);
      if (there === undefined) return false;
      expectSame(`the first reviewer of ${id}`, there.reviews[0]?.reviewer, 'ada');
      const record = await found(at, `/api/v1/runs/${id}/record`);
      expectSame(`the id in the record of ${id}`, (jsonOf(record!) as { id: string }).id, id);
      return true;
    },
  };
}

export function submissionOf(family: string, version: string, id: string): object {
  const { subject, ...record } = sampleRecord(id);
  return { record: { ...record, subject: { ...subject, testCase: family, version } }, review: sampleReview() };
}

/** One more person's review of a run that is there. */
export function review(id: string, reviewer: string): Write {
  const text = `As ${reviewer} sees it.`;
  return {
    kind: 'review',
    send: (to) =>
      askJson(to, 'PUT', `/api/v1/runs/${id}/reviews/${reviewer}`, { review: sampleReview({ reviewer, text }) }),
    async look(at) {
      const there = await runAt(at, id);
      const said = there?.reviewed.find((one) => one.reviewer === reviewer);
      if (said === undefined) return false;
      expectSame(`the review of ${id} by ${reviewer}`, said.text, text);
      return true;
    },
  };
}

async function runAt(at: Target, id: string): Promise<Run | undefined> {
  const reply = await found(at, `/api/v1/runs/${id}`);
  return reply === undefined ? undefined : (jsonOf(reply) as Run);
}
