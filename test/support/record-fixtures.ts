import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const RECORDS: string = fileURLToPath(new URL('../../fixtures/records', import.meta.url));

/** Names of the runs of format 1, each a directory. */
export const FORMAT_1: readonly string[] = readdirSync(join(RECORDS, 'format-1')).sort();

export interface HostileRun {
  readonly name: string;
  readonly body: Buffer;
  readonly status: number;
  readonly code: string;
  /** Document and path of a fault, where there are faults. */
  readonly at: string | null;
}

export function hostileRuns(): HostileRun[] {
  const told = JSON.parse(readFileSync(join(RECORDS, 'hostile.json'), 'utf8')) as Record<
    string,
    Omit<HostileRun, 'name'>
  >;
  return readdirSync(join(RECORDS, 'hostile')).map((file) => {
    const name = file.replace(/\.json$/, '');
    const expected = told[name];
    if (expected === undefined) throw new Error(`hostile.json does not speak of ${name}`);
    return { ...expected, name, body: readFileSync(join(RECORDS, 'hostile', file)) };
  });
}

export function runFile(run: string, file: string): Buffer {
  return readFileSync(join(RECORDS, 'format-1', run, file));
}

/** What is sent to submit the least run under another id. */
export function submissionOf(id: string, change: object = {}): { record: Record<string, unknown>; review: object } {
  const record = JSON.parse(runFile('least', 'record.json').toString()) as Record<string, unknown>;
  return {
    record: { ...record, id, ...change },
    review: JSON.parse(runFile('least', 'review.json').toString()) as object,
  };
}
