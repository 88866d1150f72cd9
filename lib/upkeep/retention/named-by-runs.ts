import type { LogEntry } from '../../log/entry.ts';
import { parseEntry } from '../../log/entry-bytes.ts';
import type { RunState } from '../../record/run-state.ts';
import { decodeJson } from '../../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../../store/keyed-store.ts';
import { allRuns } from '../../store/key-ranges.ts';
import { logEntryKey } from '../../store/keys.ts';

/**
 * Versions of a family that runs of the log name, or named before they were amended. A run that was retracted or erased
 * counts as well: what is published of it, and is rendered again from the log, tells of its definition for ever.
 */
export async function namedByRuns(
  keys: KeyedStore,
  family: string,
  breathe: () => Promise<void> | undefined,
): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for await (const { value } of entriesOf(keys, allRuns)) {
    await breathe();
    const { index, outline, events } = decodeJson<RunState>(value);
    if (outline.definition.family === family) named.add(outline.definition.version);
    const amendments = events.filter(({ what }) => what === 'amended');
    // What it named before stands in its entries alone.
    for (const at of amendments.length === 0 ? [] : [index, ...amendments.map((event) => event.index)]) {
      const definition = definitionIn(await keys.get(logEntryKey(at)));
      if (definition?.family === family) named.add(definition.version);
    }
  }
  return named;
}

function definitionIn(bytes: Uint8Array | undefined): Extract<LogEntry, { type: 'run' }>['definition'] | undefined {
  const entry = bytes === undefined ? undefined : parseEntry(bytes);
  return entry?.type === 'run' || entry?.type === 'amend' ? entry.definition : undefined;
}
