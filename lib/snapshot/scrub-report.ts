import type { JsonValue } from '../encoding/canonical-json.ts';
import type { Documents } from './documents.ts';
import { isNothing, less, NOTHING, sum, type Findings } from '../scrub/findings.ts';
import { changeTable } from './table.ts';
import type { Root } from './wire.ts';

/** What was scrubbed, document by document and in all, so that an operator sees that there was something. */
export class ScrubReport {
  readonly #changes = new Map<string, JsonValue | undefined>();
  #added: Findings = NOTHING;
  #gone: Findings = NOTHING;

  /** That a document now has these findings, in place of those that it had. */
  note(path: string, now: Findings = NOTHING, before: Findings = NOTHING): void {
    if (isNothing(now) && isNothing(before)) return;
    this.#changes.set(path, isNothing(now) ? undefined : now);
    this.#added = sum(this.#added, now);
    this.#gone = sum(this.#gone, before);
  }

  async end(documents: Documents, before: Root['scrubber']): Promise<Pick<Root['scrubber'], 'found' | 'documents'>> {
    return {
      found: less(sum(before.found, this.#added), this.#gone),
      documents: await changeTable(documents, before.documents, this.#changes),
    };
  }
}
