import { textOf } from './client-options.ts';
import { UsageError, type Values } from './command.ts';

const MOST = 50;

/** How many of a listing are wanted: `--limit`, `--all`, or as many as fit on a screen. */
export function limitFrom(values: Values): number {
  const text = textOf(values, 'limit');
  if (values['all'] === true && text !== undefined) throw new UsageError('--limit and --all are one at a time');
  if (values['all'] === true) return Number.POSITIVE_INFINITY;
  if (text === undefined) return MOST;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit is a number from 1, and not ${JSON.stringify(text)}`);
  return Number(text);
}
