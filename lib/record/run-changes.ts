import type { Actor } from '../definition/wire.ts';
import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { checkVariant, nameSameDefinition, type RunDefinitions } from './definition-of-run.ts';
import { Place } from './place.ts';
import { checkJudged } from './review-check.ts';
import { RunError } from './run-error.ts';
import { throwFaults, type CheckedAmendment, type CheckedReview } from './run-request.ts';
import { outlineOf, withMedia, withoutBodies, withReview } from './run-state.ts';
import type { RunWriter, Step } from './run-writer.ts';
import { checkNotErased, type FoundRun, type StoredRuns } from './stored-runs.ts';
import type { KeptRecord, RunFault, RunRecord } from './wire.ts';

/** What happens to runs that are published. Each method answers false where the run is just that already. */
export class RunChanges {
  readonly #stored: StoredRuns;
  readonly #definitions: RunDefinitions;
  readonly #writer: RunWriter;

  constructor(stored: StoredRuns, definitions: RunDefinitions, writer: RunWriter) {
    this.#stored = stored;
    this.#definitions = definitions;
    this.#writer = writer;
  }

  /** Another reviewer's judgement, or an edit of one's own, which says why. */
  review(id: string, { review, note, expect }: CheckedReview, by: Actor): Promise<boolean> {
    const { reviewer } = review;
    const body = this.#stored.bodies.of(review);
    return this.#change(id, by, async ({ state }) => {
      checkNotErased(id, state);
      const current = state.reviews.find((one) => one.reviewer === reviewer)?.review;
      if (current === body.digest) return undefined;
      checkStands(id, state);
      checkExpected(expect, current ?? null, `the review of ${reviewer}`);
      await this.#checkReview({ review, note, expect }, current, state.outline.definition);
      const fact = {
        reviewer,
        review: body.digest,
        ...(current === undefined ? {} : { supersedes: current }),
        ...(note === undefined ? {} : { note }),
      };
      return {
        entry: { type: 'review', id, ...fact },
        event: { what: 'reviewed', ...fact },
        bodies: [body],
        state: ({ at }) => ({ ...state, reviews: withReview(state.reviews, review, body.digest, at) }),
      };
    });
  }

  /** A corrected record in the place of the one before. */
  amend(id: string, { record, reason, expect }: CheckedAmendment, by: Actor): Promise<boolean> {
    return this.#change(id, by, async ({ state }) => {
      checkNotErased(id, state);
      const corrected = await this.#corrected(record, state.record);
      const body = this.#stored.bodies.of(corrected);
      if (body.digest === state.record) return undefined;
      checkStands(id, state);
      checkExpected(expect, state.record, 'the record');
      const fact = { record: body.digest, supersedes: state.record, reason };
      const outline = outlineOf(corrected);
      const { definition, status } = outline;
      return {
        entry: { type: 'amend', id, ...fact, definition, status },
        event: { what: 'amended', ...fact },
        bodies: [body],
        record: corrected,
        state: () => ({
          ...state,
          record: body.digest,
          outline,
          media: withMedia(state.media, corrected),
        }),
      };
    });
  }

  /** That a run is not to be relied on. It stays, and says so for ever. */
  retract(id: string, reason: string, by: Actor): Promise<boolean> {
    return this.#change(id, by, ({ state }) => {
      checkNotErased(id, state);
      if (state.retracted?.reason === reason) return undefined;
      checkStands(id, state);
      return {
        entry: { type: 'retract', id, reason },
        event: { what: 'retracted', reason },
        bodies: [],
        state: ({ at }) => ({ ...state, retracted: { at, by, reason } }),
      };
    });
  }

  /** That record, reviews and media of a run, retracted or not, are to be deleted. From here on nothing of it names them. */
  erase(id: string, reason: string, by: Actor): Promise<boolean> {
    return this.#change(id, by, ({ state }) => {
      if (state.erased !== undefined) return undefined;
      return {
        entry: { type: 'erase', id, reason },
        event: { what: 'erased', reason },
        bodies: [],
        state: ({ at }) => ({ ...withoutBodies(state), erased: { at, by, reason } }),
      };
    });
  }

  #change(
    id: string,
    by: Actor,
    decide: (found: FoundRun) => Promise<Omit<Step, 'by'> | undefined> | Omit<Step, 'by'> | undefined,
  ): Promise<boolean> {
    return this.#writer.write(id, async (found) => {
      const step = await decide(found ?? (await this.#stored.known(id)));
      return step === undefined ? undefined : { ...step, by };
    });
  }

  async #checkReview(
    { review, note }: CheckedReview,
    current: Sha256 | undefined,
    definition: KeptRecord['definition'],
  ): Promise<void> {
    const faults: RunFault[] = [];
    if (current !== undefined && note === undefined)
      new Place('request', faults, ['note']).add('is missing: an edit says why');
    const rules = await this.#definitions.rules(definition);
    checkJudged(review as unknown as JsonValue, rules, new Place('review', faults));
    throwFaults(faults);
  }

  /** With the definition of the record before, unless another one is named: a pin may have moved since. */
  async #corrected(record: RunRecord, before: Sha256): Promise<KeptRecord> {
    const faults: RunFault[] = [];
    const at = new Place('record', faults);
    const old = await this.#stored.bodies.read<KeptRecord>(before);
    const stays = record.definition === undefined && nameSameDefinition(record, old);
    const kept = stays ? { ...record, definition: old.definition } : await this.#definitions.resolved(record, at);
    if (kept !== undefined) checkVariant(record, await this.#definitions.rules(kept.definition), at);
    await this.#writer.checkMedia(record, faults);
    throwFaults(faults);
    return kept as KeptRecord;
  }
}

function checkStands(id: string, { retracted }: FoundRun['state']): void {
  if (retracted === undefined) return;
  throw new RunError('run-retracted', `the run ${id} was retracted and stays as it is: ${retracted.reason}`, { id });
}

function checkExpected(expected: string | null | undefined, current: Sha256 | null, what: string): void {
  if (expected === undefined || expected === current) return;
  throw new RunError('review-moved', `${what} is ${current ?? 'not there'}, and not what was expected`, { current });
}
