import type { JsonObject } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type { Bodies } from './bodies.ts';
import { changesBetween } from './difference.ts';
import { summaryOf, type RunState, type StoredEvent } from './run-state.ts';
import type { KeptRecord, Review, Run, RunEvent } from './wire.ts';

/** All of a run, with what its edits changed. */
export async function shownRun(id: string, state: RunState, bodies: Bodies): Promise<Run> {
  // Nothing of what is left has words, or bodies that say what an edit changed.
  if (state.erased !== undefined) return { ...summaryOf(id, state), reviewed: [], history: state.events };
  const reviewed: Review[] = [];
  for (const { review } of state.reviews) reviewed.push(await bodies.read<Review>(review));
  const history: RunEvent[] = [];
  for (const event of state.events) history.push(await withChanges(event, bodies));
  return { ...summaryOf(id, state), body: await bodies.read<KeptRecord>(state.record), reviewed, history };
}

async function withChanges(event: StoredEvent, bodies: Bodies): Promise<RunEvent> {
  const pair = pairOf(event);
  if (pair === undefined) return event;
  const [from, to] = [await bodies.read<JsonObject>(pair.from), await bodies.read<JsonObject>(pair.to)];
  return { ...event, changes: changesBetween(from, to) } as RunEvent;
}

/** The two documents that an edit changed from one to the other. */
function pairOf(event: StoredEvent): { readonly from: Sha256; readonly to: Sha256 } | undefined {
  if (event.what === 'amended') return { from: event.supersedes, to: event.record };
  if (event.what !== 'reviewed' || event.supersedes === undefined) return undefined;
  return { from: event.supersedes, to: event.review };
}
