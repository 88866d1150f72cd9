import type { Actor } from '../definition/wire.ts';
import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { digestOfDocument } from './bodies.ts';
import { checkVariant, type RunDefinitions } from './definition-of-run.ts';
import { Place } from './place.ts';
import { checkJudged } from './review-check.ts';
import { RunError } from './run-error.ts';
import { throwFaults, type CheckedSubmission } from './run-request.ts';
import { outlineOf, withMedia, withReview } from './run-state.ts';
import type { RunWriter, Step } from './run-writer.ts';
import { checkNotErased, type FoundRun, type StoredRuns } from './stored-runs.ts';
import type { KeptRecord, RunFault, RunRecord } from './wire.ts';

/** Runs on their way in. */
export class Submissions {
  readonly #stored: StoredRuns;
  readonly #definitions: RunDefinitions;
  readonly #writer: RunWriter;

  constructor(stored: StoredRuns, definitions: RunDefinitions, writer: RunWriter) {
    this.#stored = stored;
    this.#definitions = definitions;
    this.#writer = writer;
  }

  /** False: the run is there, and is just that. */
  submit(submission: CheckedSubmission, by: Actor): Promise<boolean> {
    let step: Promise<Step> | undefined;
    return this.#writer.write(submission.record.id, async (found) => {
      if (found === undefined) return (step ??= this.#step(submission, by));
      checkNotErased(found.id, found.state);
      if (!(await this.#isSame(found, submission))) throw conflict(found);
      return undefined;
    });
  }

  /** Whether a submission is the one by which the run came, or what the run is now. */
  async #isSame({ state }: FoundRun, { record, review }: CheckedSubmission): Promise<boolean> {
    const [first] = state.events;
    const digest = digestOfDocument(review);
    if (first?.what === 'submitted' && first.review === digest && (await this.#isRecord(record, first.record)))
      return true;
    const isCurrent = state.reviews.some((one) => one.reviewer === review.reviewer && one.review === digest);
    return isCurrent && this.#isRecord(record, state.record);
  }

  /** What a record leaves to the server, the definition, is what the server took it for then: a pin may have moved. */
  async #isRecord(record: RunRecord, kept: Sha256): Promise<boolean> {
    const { definition } = await this.#stored.bodies.read<KeptRecord>(kept);
    return digestOfDocument({ ...record, definition: record.definition ?? definition }) === kept;
  }

  async #step({ record, review }: CheckedSubmission, by: Actor): Promise<Step> {
    const faults: RunFault[] = [];
    const at = new Place('record', faults);
    const kept = await this.#definitions.resolved(record, at);
    if (kept !== undefined) {
      const rules = await this.#definitions.rules(kept.definition);
      checkVariant(record, rules, at);
      checkJudged(review as unknown as JsonValue, rules, new Place('review', faults));
    }
    await this.#writer.checkMedia(record, faults);
    throwFaults(faults);
    return this.#stepOf(kept as KeptRecord, review, by);
  }

  #stepOf(record: KeptRecord, review: CheckedSubmission['review'], by: Actor): Step {
    const bodies = [this.#stored.bodies.of(record), this.#stored.bodies.of(review)] as const;
    const digests = { record: bodies[0].digest, review: bodies[1].digest, reviewer: review.reviewer };
    const outline = outlineOf(record);
    const { definition, status } = outline;
    return {
      entry: { type: 'run', id: record.id, ...digests, definition, status },
      event: { what: 'submitted', ...digests },
      by,
      bodies,
      record,
      state: ({ index, at }) => ({
        index,
        at,
        by,
        record: digests.record,
        outline,
        reviews: withReview([], review, digests.review, at),
        media: withMedia([], record),
      }),
    };
  }
}

function conflict({ id, state }: FoundRun): RunError {
  return new RunError('run-conflict', `there is a run ${id} with other content; its record is ${state.record}`, {
    id,
    record: state.record,
    reviews: state.reviews.map(({ reviewer, review }) => ({ reviewer, review })),
  });
}
