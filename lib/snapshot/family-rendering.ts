import type { DefinitionFact, PinFact, RemovalFact, StatementFact } from '../log/entry.ts';
import type { Placed } from './facts.ts';
import { foundField } from '../scrub/findings.ts';
import type { Ref } from './objects.ts';
import { said } from './said.ts';
import { Scrubbing } from '../scrub/scrub-json.ts';
import type { Scrubber } from '../scrub/scrubber.ts';
import { FORMAT } from './shape.ts';
import type { FamilyDocument, PinState, VersionState } from './wire.ts';

export type FamilyEvent = Placed<DefinitionFact | PinFact | StatementFact | RemovalFact>;

/** The document of a family from all its events. `documents` are those of the versions that runs name. */
export function renderFamily(
  scrubber: Scrubber,
  family: string,
  events: readonly FamilyEvent[],
  named: ReadonlySet<string>,
  documents: ReadonlyMap<string, Ref>,
): FamilyDocument {
  const scrubbing = new Scrubbing(scrubber);
  const versions: VersionState[] = [];
  for (const event of definitionsOf(events).values()) versions.push(versionState(scrubbing, event, events, documents));
  return {
    format: FORMAT,
    family,
    events: events.map(({ index }) => index),
    versions,
    pins: pinsOf(scrubbing, events),
    named: [...named].sort(),
    ...foundField(scrubbing.found),
  };
}

/** By version, in the order of the log. A version is never another one: of two, the first counts. */
export function definitionsOf(events: readonly FamilyEvent[]): Map<string, Placed<DefinitionFact>> {
  const versions = new Map<string, Placed<DefinitionFact>>();
  for (const event of events) {
    if (event.type === 'definition' && !versions.has(event.version)) versions.set(event.version, event);
  }
  return versions;
}

function versionState(
  scrubbing: Scrubbing,
  event: Placed<DefinitionFact>,
  events: readonly FamilyEvent[],
  documents: ReadonlyMap<string, Ref>,
): VersionState {
  const { version, kind, digest, tree, commit, layer, config, image } = event;
  const statements = events
    .filter((one) => one.type === 'statement')
    .filter((one) => one.version === version)
    .map((one) => ({ ...said(scrubbing, one), kind: one.kind, text: scrubbing.text(one.text) }));
  const last = statements.findLast(({ kind }) => kind !== 'erratum');
  const document = documents.get(version);
  const removed = events.find((one) => one.type === 'removal' && one.version === version);
  return {
    ...said(scrubbing, event),
    version,
    kind,
    digest,
    tree,
    commit,
    layer,
    config,
    ...(image === undefined ? {} : { image }),
    ...(statements.length === 0 ? {} : { statements }),
    ...(last?.kind === 'retired' ? { retired: last.text } : {}),
    ...(removed?.type === 'removal'
      ? { removed: { ...said(scrubbing, removed), reason: scrubbing.text(removed.reason) } }
      : {}),
    ...(document === undefined ? {} : { document }),
  };
}

function pinsOf(scrubbing: Scrubbing, events: readonly FamilyEvent[]): FamilyDocument['pins'] {
  const pins = new Map<string, PinState[]>();
  for (const event of events) {
    if (event.type !== 'pin') continue;
    const { pin, from, to, note } = event;
    const move = { ...said(scrubbing, event), from, to, ...(note === undefined ? {} : { note: scrubbing.text(note) }) };
    const history = pins.get(pin);
    if (history === undefined) pins.set(pin, [move]);
    else history.push(move);
  }
  return [...pins]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([pin, history]) => ({ pin, current: history.at(-1)!.to, history }));
}
