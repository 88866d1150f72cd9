import { fieldCheck, quoted, type FieldCheck } from './field-check.ts';
import type { Status } from './wire.ts';

/** How a run may have ended that is published: each says something of what was run. */
export const STATUSES: readonly Status[] = ['completed', 'failed', 'timed-out', 'hung', 'exhausted', 'declined'];

/**
 * What is never published, since it says nothing of what was run: it has not ended, somebody or something else ended it,
 * or nobody can tell how it was.
 */
const NEVER: Readonly<Record<string, string>> = {
  pending: 'has not ended',
  queued: 'has not ended',
  running: 'has not ended',
  aborted: 'was ended by somebody',
  cancelled: 'was ended by somebody',
  error: 'was ended by trouble of the machine or the harness',
  skipped: 'was not run',
  unevaluable: 'cannot be judged',
};

export const checkStatus: FieldCheck = fieldCheck({ enum: STATUSES }, (value, at) => {
  if (typeof value !== 'string') {
    at.add('is not a string');
    return;
  }
  if (STATUSES.some((status) => status === value)) return;
  const never = Object.hasOwn(NEVER, value) ? NEVER[value] : undefined;
  if (never !== undefined) at.add(`${quoted(value)} is never published: such a run ${never}`);
  else at.add(`${quoted(value)} is none of ${STATUSES.join(', ')}`);
});
