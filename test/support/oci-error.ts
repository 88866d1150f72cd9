import { expect } from 'vitest';
import { header, jsonOf, type Reply } from './http.ts';
import { expectStatus } from './repository.ts';

const ENVELOPE_CODE = /^[A-Z_]+$/;

/** A refusal with one of these statuses, in the envelope of the specification, with one of these codes. */
export function expectRefusal(
  reply: Reply,
  statuses: number | readonly number[],
  codes: string | readonly string[],
): void {
  expectStatus(reply, ...[statuses].flat());
  expect(header(reply, 'content-type')).toMatch(/^application\/json/);
  const { errors } = jsonOf(reply) as { errors: { code: string; message?: unknown }[] };
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    expect(error.code).toMatch(ENVELOPE_CODE);
    expect(typeof (error.message ?? '')).toBe('string');
  }
  expect([codes].flat()).toContain(errors[0]?.code);
}
