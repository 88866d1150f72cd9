import type { Change, RunEvent } from '../lib/client/index.ts';

/** What an edit changed, one line for each place. */
export function changeLines(event: RunEvent | undefined): string[] {
  return event !== undefined && 'changes' in event ? (event.changes ?? []).map(changeLine) : [];
}

function changeLine({ path, from, to }: Change): string {
  return `      ${path}: ${shown(from)} → ${shown(to)}`;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
