import type { Sha256 } from '../encoding/digest.ts';
import type { AmendFact, EraseFact, RetractFact, ReviewFact, RunFact } from '../log/entry.ts';
import type { Placed } from './facts.ts';

export type RunEvent = Placed<RunFact | ReviewFact | AmendFact | RetractFact | EraseFact>;

/** What the log says of one run. */
export interface RunHistory {
  readonly run: Placed<RunFact>;
  /** The newest record's digest. */
  readonly record: Sha256;
  readonly amendments: readonly Placed<AmendFact>[];
  /** The first review is the run's own. */
  readonly reviews: readonly { readonly reviewer: string; readonly history: readonly ReviewEvent[] }[];
  /** By a retraction, or by the erasure of a run that was not. */
  readonly retracted?: Placed<RetractFact | EraseFact>;
  readonly erased?: Placed<EraseFact>;
}

export type ReviewEvent = Omit<Placed<ReviewFact>, 'type'>;

/**
 * From the events of a run, which begin with its publication. A log that is sound says each thing once and in order; of
 * one that is not, the first retraction counts and a second publication says nothing.
 */
export function historyOf([run, ...events]: readonly [Placed<RunFact>, ...RunEvent[]]): RunHistory {
  const reviews = new Map<string, ReviewEvent[]>();
  const add = (event: ReviewEvent): void => {
    const history = reviews.get(event.reviewer);
    if (history === undefined) reviews.set(event.reviewer, [event]);
    else history.push(event);
  };
  add(run);
  const amendments: Placed<AmendFact>[] = [];
  let retracted: Placed<RetractFact | EraseFact> | undefined;
  let erased: Placed<EraseFact> | undefined;
  for (const event of events) {
    if (event.type === 'review') add(event);
    else if (event.type === 'amend') amendments.push(event);
    else if (event.type === 'retract') retracted ??= event;
    else if (event.type === 'erase') {
      retracted ??= event;
      erased ??= event;
    }
  }
  return {
    run,
    record: amendments.at(-1)?.record ?? run.record,
    amendments,
    reviews: [...reviews].map(([reviewer, history]) => ({ reviewer, history })),
    ...(retracted === undefined ? {} : { retracted }),
    ...(erased === undefined ? {} : { erased }),
  };
}
