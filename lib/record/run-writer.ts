import type { Audit } from '../audit/audit.ts';
import { planNeed } from '../definition/removal.ts';
import type { Actor } from '../definition/wire.ts';
import type { Appending, NewEntry } from '../log/appending.ts';
import { encodeJson } from '../store/json-value.ts';
import { runKey, runPlaceKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import { StoreError } from '../store/store-error.ts';
import type { NewBody } from './bodies.ts';
import { bytesWith } from './body-bytes.ts';
import type { MediaFiles } from './media.ts';
import { BYTES_TYPE, isImageType } from './media-type.ts';
import { noSecret } from './field-check.ts';
import { Place } from './place.ts';
import { RunError } from './run-error.ts';
import { throwFaults } from './run-request.ts';
import { actorNamed, type NewRunEvent, type RunState, type StoredEvent } from './run-state.ts';
import type { FoundRun, StoredRuns } from './stored-runs.ts';
import type { RunFault, RunRecord } from './wire.ts';

/** The log, as far as runs need it: what happens to them becomes true together with an entry. */
export interface FactLog {
  append<T>(prepare: Appending<T>): Promise<T>;
}

/** What is to happen to a run: its entry and its event, and the state that it has then. */
export interface Step {
  readonly entry: NewEntry;
  readonly event: NewRunEvent;
  readonly by: Actor;
  /** What the event names. */
  readonly bodies: readonly NewBody[];
  /** The record whose media the event names. */
  readonly record?: RunRecord;
  /** With the events before it, where there are any. */
  readonly state: (event: StoredEvent) => Omit<RunState, 'events'> & Partial<Pick<RunState, 'events'>>;
}

/** A value of the KeyedStore has at most 64 KiB. What ends a run must still fit when nothing else does. */
const MAX_STATE_BYTES = 60 * 1024;
const MAX_LAST_STATE_BYTES = 64 * 1024;
const MAX_TRIES = 100;

/** Makes steps true: entry, state and bodies in one commit. */
export class RunWriter {
  readonly #stored: StoredRuns;
  readonly #media: MediaFiles;
  readonly #log: FactLog;
  readonly #audit: Audit;

  constructor(stored: StoredRuns, media: MediaFiles, log: FactLog, audit: Audit) {
    this.#stored = stored;
    this.#media = media;
    this.#log = log;
    this.#audit = audit;
  }

  /** Decides on what is found and takes the step, all over again where somebody was faster. False: there was none to take. */
  async write(
    id: string,
    decide: (found: FoundRun | undefined) => Promise<Step | undefined> | Step | undefined,
  ): Promise<boolean> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const found = await this.#stored.find(id);
      const step = await decide(found);
      if (step === undefined) return false;
      if (await this.#append(id, found, step)) return true;
    }
    throw new StoreError('busy', 'others keep changing the same run');
  }

  /** Says what is wrong with the media that a record names; adds to a plan that they stay. */
  async checkMedia({ media = [] }: RunRecord, faults: RunFault[], plan = new Plan()): Promise<void> {
    for (const [index, { digest, size, mediaType }] of media.entries()) {
      const at = new Place('record', faults, ['media', index]);
      const link = await this.#media.planUse(digest, plan);
      if (link === undefined) at.in('digest').add('is not uploaded: media comes before the record that names it');
      else if (link.size !== size) at.in('size').add(`is not ${link.size}, which the bytes have`);
      else if (isImageType(mediaType) && link.mediaType !== mediaType)
        at.in('mediaType').add(
          `is not what the bytes are: ${link.mediaType === BYTES_TYPE ? 'no image' : link.mediaType}`,
        );
    }
  }

  async #append(id: string, found: FoundRun | undefined, step: Step): Promise<boolean> {
    const { entry, event, by, bodies, record } = step;
    checkActor(by);
    // What brings no bodies is never too much: a run can always be ended.
    const counted =
      bodies.length === 0 ? {} : { bodyBytes: await bytesWith(found?.state, bodies, this.#stored.bodies) };
    const stateAt = (index: number, at: string): RunState => {
      const placed = { index, at, by, ...event };
      const { events = [], ...state } = step.state(placed);
      return { ...state, ...counted, events: [...events, placed] };
    };
    checkFits(stateAt(Number.MAX_SAFE_INTEGER, new Date(0).toISOString()));
    const key = runKey(id);
    return this.#log.append<boolean>(async (plan) => {
      const value = await this.#stored.keys.get(key);
      plan.check({ key, value });
      if (!isSame(value, found?.value)) return { result: () => false };
      for (const body of bodies) {
        const kept = await body.keep();
        plan.check(...kept.checks).put(...kept.puts);
      }
      if ('definition' in entry && entry.definition !== undefined)
        await planNeed(this.#stored.keys, entry.definition.family, entry.definition.version, plan);
      const faults: RunFault[] = [];
      if (record !== undefined) await this.checkMedia(record, faults, plan);
      throwFaults(faults);
      return {
        entry: { ...entry, ...actorNamed(by) },
        puts: (index, at) => [
          { key, value: encodeJson(stateAt(index, at)) },
          this.#audit.entry({
            action: event.what,
            by,
            family: stateAt(index, at).outline.definition.family,
            subject: id,
            detail: { index },
          }),
          ...(found === undefined ? [{ key: runPlaceKey(index), value: Buffer.from(id, 'latin1') }] : []),
        ],
        result: () => true,
      };
    });
  }
}

/** The name stands in the entry. */
function checkActor({ name = '' }: Actor): void {
  const faults: RunFault[] = [];
  noSecret(name, new Place('request', faults, ['by']));
  throwFaults(faults);
}

function checkFits(state: RunState): void {
  const isLast = state.retracted !== undefined || state.erased !== undefined;
  if (encodeJson(state).length <= (isLast ? MAX_LAST_STATE_BYTES : MAX_STATE_BYTES)) return;
  throw new RunError('run-full', 'the run has as much history as one run can have; publish another one', {
    events: state.events.length - 1,
  });
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
