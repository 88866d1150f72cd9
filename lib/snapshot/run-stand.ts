import type { JsonObject } from '../encoding/canonical-json.ts';
import type { AmendFact, RunFact } from '../log/entry.ts';
import { sha256In } from './documents.ts';
import type { Placed } from './facts.ts';
import { said } from './said.ts';
import type { Scrubbing } from '../scrub/scrub-json.ts';
import type { Amended, RunDefinition, RunDocument, Shown } from './wire.ts';

type Stand = Required<Pick<RunDocument, 'definition' | 'status'>>;

/**
 * What a run is after its amendments, and what each of them changed. It is what their entries say; those of the first
 * release say nothing of it, and then the newest record does, if it is shown.
 */
export function standOf(
  run: Placed<RunFact>,
  amendments: readonly Placed<AmendFact>[],
  record: Shown,
  scrubbing: Scrubbing,
): Stand & { readonly amended: readonly Amended[] } {
  let { definition, status }: Stand = { definition: targetOf(run.definition), status: scrubbing.text(run.status) };
  const amended: Amended[] = [];
  for (const [at, event] of amendments.entries()) {
    const told = at === amendments.length - 1 && record.state === 'shown' ? toldBy(record.body) : {};
    const to = {
      definition: event.definition === undefined ? (told.definition ?? definition) : targetOf(event.definition),
      status: event.status === undefined ? (told.status ?? status) : scrubbing.text(event.status),
    };
    const { record: digest, supersedes, reason } = event;
    amended.push({
      ...said(scrubbing, event),
      record: digest,
      supersedes,
      reason: scrubbing.text(reason),
      ...(to.status === status ? {} : { status: { from: status, to: to.status } }),
      ...(isSame(to.definition, definition) ? {} : { definition: { from: definition, to: to.definition } }),
    });
    ({ definition, status } = to);
  }
  return { definition, status, amended };
}

function toldBy({ status, definition }: JsonObject): Partial<Stand> {
  const { family, version, digest: text } = (definition ?? {}) as JsonObject;
  const digest = sha256In(text);
  const isNamed = typeof family === 'string' && typeof version === 'string' && digest !== undefined;
  return {
    ...(typeof status === 'string' ? { status } : {}),
    ...(isNamed ? { definition: { family, version, digest } } : {}),
  };
}

function targetOf({ family, version, digest }: RunFact['definition']): RunDefinition {
  return { family, version, digest };
}

function isSame(a: RunDefinition, b: RunDefinition): boolean {
  return a.family === b.family && a.version === b.version && a.digest === b.digest;
}
