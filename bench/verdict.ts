import { medianOf, type RowResult } from './measure.ts';
import type { Hold } from './suite.ts';

export interface Verdict {
  hold: Hold;
  ours: number | undefined;
  peer: number | undefined;
  ratio: number | undefined;
  /** Absent when one of the two was left out, and where nothing is promised. */
  met: boolean | undefined;
}

export function verdictsOf(result: RowResult): Verdict[] {
  return result.row.holds.map((hold) => judge(result, hold));
}

function judge(result: RowResult, hold: Hold): Verdict {
  const { row } = result;
  const ours = medianOf(result, row.contenders[0]);
  const peer = medianOf(result, hold.against);
  const ratio = ours === undefined || peer === undefined ? undefined : ours / peer;
  const judged = hold.against === undefined ? ours : ratio;
  if (judged === undefined || hold.limit === undefined) return { hold, ours, peer, ratio, met: undefined };
  return { hold, ours, peer, ratio, met: row.better === 'more' ? judged >= hold.limit : judged <= hold.limit };
}
