import type { Versions } from '../definition/versions.ts';
import type { Actor } from '../definition/wire.ts';
import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type { Registry } from '../oci/registry.ts';
import type { Located } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { RunDefinitions } from './definition-of-run.ts';
import type { MediaFiles } from './media.ts';
import { RunChanges } from './run-changes.ts';
import { RunError } from './run-error.ts';
import { RunList } from './run-list.ts';
import { checkAmendment, checkRetraction, checkReviewRequest, checkSubmission } from './run-request.ts';
import { shownRun } from './run-shown.ts';
import { bodiesOf, everyBodyOf } from './run-state.ts';
import { RunWriter, type FactLog } from './run-writer.ts';
import { checkNotErased, StoredRuns } from './stored-runs.ts';
import { Submissions } from './submissions.ts';
import type { Run, RunAnswer } from './wire.ts';

export interface RunStores {
  readonly keys: KeyedStore;
  readonly registry: Pick<Registry, 'audit' | 'blobs' | 'content'>;
  readonly versions: Versions;
  readonly media: MediaFiles;
  readonly log: FactLog;
}

/** What a run was made of, to be deleted as far as nothing else names it. */
export interface ErasedBodies {
  readonly documents: readonly Sha256[];
  readonly media: readonly Sha256[];
}

/** Runs: published with a review, reviewed again, corrected and retracted, each time with an entry of the log. */
export class Runs {
  readonly #stored: StoredRuns;
  readonly #submissions: Submissions;
  readonly #changes: RunChanges;
  readonly list: RunList;
  readonly media: MediaFiles;

  constructor({ keys, registry, versions, media, log }: RunStores) {
    this.#stored = new StoredRuns(keys, registry.content);
    const definitions = new RunDefinitions(versions, registry);
    const writer = new RunWriter(this.#stored, media, log, registry.audit);
    this.#submissions = new Submissions(this.#stored, definitions, writer);
    this.#changes = new RunChanges(this.#stored, definitions, writer);
    this.list = new RunList(this.#stored);
    this.media = media;
  }

  /** Publishes a run. The same again is no harm; other content under its id is refused. */
  async submit(request: JsonValue, by: Actor): Promise<RunAnswer> {
    const submission = checkSubmission(request);
    const isNew = await this.#submissions.submit(submission, by);
    return this.#answer(submission.record.id, isNew, 'submitted');
  }

  async review(id: string, reviewer: string, request: JsonValue, by: Actor): Promise<RunAnswer> {
    const isNew = await this.#changes.review(id, checkReviewRequest(request, reviewer), by);
    return this.#answer(id, isNew, 'reviewed');
  }

  async amend(id: string, request: JsonValue, by: Actor): Promise<RunAnswer> {
    const isNew = await this.#changes.amend(id, checkAmendment(request, id), by);
    return this.#answer(id, isNew, 'amended');
  }

  async retract(id: string, request: JsonValue, by: Actor): Promise<RunAnswer> {
    const isNew = await this.#changes.retract(id, checkRetraction(request), by);
    return this.#answer(id, isNew, 'retracted');
  }

  /**
   * Ends a run for good, so that nothing of it names its bodies any more. To ask again is no harm, and names them again to
   * whoever deletes them.
   */
  async erase(
    id: string,
    request: JsonValue,
    by: Actor,
  ): Promise<{ readonly answer: RunAnswer; readonly bodies: ErasedBodies }> {
    const isNew = await this.#changes.erase(id, checkRetraction(request), by);
    const { state } = await this.#stored.known(id);
    const bodies = { documents: everyBodyOf(state), media: state.media };
    return { answer: await this.#answer(id, isNew, 'erased'), bodies };
  }

  async get(id: string): Promise<Run> {
    const { state } = await this.#stored.known(id);
    return shownRun(id, state, this.#stored.bodies);
  }

  /** The bytes of the record as it is now, or of any record or review that the run ever had. */
  async body(id: string, digest?: string): Promise<{ readonly digest: Sha256; readonly located: Located }> {
    const { state } = await this.#stored.known(id);
    checkNotErased(id, state);
    const wanted = digest === undefined ? state.record : bodiesOf(state).find((one) => one === digest);
    if (wanted === undefined) throw new RunError('run-unknown', `the run ${id} never had such a record or review`);
    return { digest: wanted, located: await this.#stored.bodies.locate(wanted) };
  }

  async #answer(id: string, isNew: boolean, outcome: RunAnswer['outcome']): Promise<RunAnswer> {
    return { outcome: isNew ? outcome : 'unchanged', run: await this.get(id) };
  }
}
