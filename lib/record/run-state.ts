import type { Actor } from '../definition/wire.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type { KeptRecord, Review, ReviewSummary, RunEvent, RunSummary } from './wire.ts';

/** Distributes over the union, as Omit alone does not. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event as it is kept: what it changed is told by the bodies. */
export type StoredEvent = Without<RunEvent, 'changes'>;

/** An event before its entry has its place in the log. */
export type NewRunEvent = Without<StoredEvent, 'index' | 'at' | 'by'>;

/**
 * The value under a run's key: what lists show of it, and the digests of all that was ever its record or a review of
 * it. The bodies are content of their own.
 */
export interface RunState {
  readonly index: number;
  readonly at: string;
  readonly by: Actor;
  /** Of the record as it is now. */
  readonly record: Sha256;
  readonly outline: Outline;
  readonly reviews: readonly ReviewSummary[];
  readonly retracted?: NonNullable<RunSummary['retracted']>;
  /** Then outline, reviews and the words of events are gone, and nothing that is still listed is kept on its behalf. */
  readonly erased?: NonNullable<RunSummary['erased']>;
  readonly events: readonly StoredEvent[];
  /** Of the bodies of all events, one that several name as often as they do. States of the first release have none. */
  readonly bodyBytes?: number;
  /** All that any of its records names. */
  readonly media: readonly Sha256[];
}

/** A record's words for lists. */
export type Outline = Pick<
  RunSummary,
  'definition' | 'startedAt' | 'endedAt' | 'status' | 'variant' | 'harness' | 'orchestrator' | 'model'
>;

export function outlineOf({ definition, startedAt, endedAt, status, subject }: KeptRecord): Outline {
  const { variant, harness, orchestrator, model } = subject;
  const { name, version } = harness;
  const { family, version: of, digest } = definition;
  return {
    definition: { family, version: of, digest },
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status,
    ...(variant === undefined ? {} : { variant }),
    harness: version === undefined ? { name } : { name, version },
    ...(orchestrator === undefined ? {} : { orchestrator }),
    model,
  };
}

/** The reviews with one in the place of an earlier one of the same reviewer, or behind the others. */
export function withReview(
  reviews: readonly ReviewSummary[],
  { reviewer, ratings }: Review,
  review: Sha256,
  at: string,
): readonly ReviewSummary[] {
  const one = { reviewer, review, ratings, at };
  const isThere = reviews.some((other) => other.reviewer === reviewer);
  return isThere ? reviews.map((other) => (other.reviewer === reviewer ? one : other)) : [...reviews, one];
}

/** Media of both, each once. */
export function withMedia(media: readonly Sha256[], record: KeptRecord): readonly Sha256[] {
  return [...new Set([...media, ...(record.media ?? []).map(({ digest }) => digest)])];
}

/** What is kept of a run whose bodies are deleted: what the log says of it, without the words. */
export function withoutBodies({ index, at, by, record, outline, retracted, events, media }: RunState): RunState {
  const { definition, status } = outline;
  return {
    index,
    at,
    by,
    record,
    outline: { definition, status },
    reviews: [],
    ...(retracted === undefined ? {} : { retracted }),
    events: events.map(withoutWords),
    media,
  };
}

function withoutWords(event: StoredEvent): StoredEvent {
  if (event.what === 'reviewed') {
    const { note: _note, ...rest } = event;
    return rest;
  }
  if (event.what === 'submitted' || event.what === 'erased') return event;
  const { reason: _reason, ...rest } = event;
  return rest;
}

/** Every record and review that the run keeps, as it is now or as it was. */
export function bodiesOf(state: Pick<RunState, 'events' | 'erased'>): Sha256[] {
  return state.erased === undefined ? everyBodyOf(state) : [];
}

/** The media that the run keeps. */
export function mediaOf({ media, erased }: Pick<RunState, 'media' | 'erased'>): readonly Sha256[] {
  return erased === undefined ? media : [];
}

/** Every digest that was ever a record or a review of the run. */
export function everyBodyOf({ events }: Pick<RunState, 'events'>): Sha256[] {
  return [...new Set(bodiesNamed(events))];
}

/** What events name, in their order: of two that name the same body, each. */
export function bodiesNamed(events: readonly StoredEvent[]): Sha256[] {
  return events.flatMap((event) => {
    if (event.what === 'submitted') return [event.record, event.review];
    if (event.what === 'amended') return [event.record];
    return event.what === 'reviewed' ? [event.review] : [];
  });
}

export function summaryOf(id: string, { index, at, by, record, outline, events, ...state }: RunState): RunSummary {
  const { reviews, retracted, erased } = state;
  return {
    id,
    index,
    at,
    by,
    record,
    ...outline,
    reviews,
    amendments: events.filter(({ what }) => what === 'amended').length,
    ...(retracted === undefined ? {} : { retracted }),
    ...(erased === undefined ? {} : { erased }),
  };
}

export function actorNamed({ name }: Actor): { readonly by?: string } {
  return name === undefined ? {} : { by: name };
}
