import type { JsonObject } from '../encoding/canonical-json.ts';
import type { RunFact } from '../log/entry.ts';
import { renderContent } from './content-rendering.ts';
import { sha256In } from './documents.ts';
import type { Placed } from './facts.ts';
import { foundField } from '../scrub/findings.ts';
import { renderJson } from './json-rendering.ts';
import type { Rendering } from './rendering.ts';
import { historyOf, type RunEvent, type RunHistory } from './run-history.ts';
import { Scrubbing } from '../scrub/scrub-json.ts';
import { FORMAT } from './shape.ts';
import { said } from './said.ts';
import { standOf } from './run-stand.ts';
import type { MediaItem, ReviewState, RunDocument } from './wire.ts';

/**
 * The document of a run from all its events. The document before serves for its media alone, which need not be read
 * again where they stayed.
 */
export async function renderRun(
  rendering: Rendering,
  number: number,
  events: readonly [Placed<RunFact>, ...RunEvent[]],
  before: RunDocument | undefined,
): Promise<RunDocument> {
  const history = historyOf(events);
  const scrubbing = new Scrubbing(rendering.scrubber);
  const { run, retracted, erased } = history;
  const head = {
    format: FORMAT,
    id: run.id,
    number,
    events: events.map(({ index }) => index),
    published: said(scrubbing, run),
  } as const;
  const rest =
    retracted === undefined
      ? await shownRun(rendering, scrubbing, history, before)
      : {
          retracted: ended(scrubbing, retracted),
          ...(erased === undefined ? {} : { erased: ended(scrubbing, erased) }),
        };
  return { ...head, ...rest, ...foundField(scrubbing.found) };
}

function ended(
  scrubbing: Scrubbing,
  event: NonNullable<RunHistory['retracted']>,
): NonNullable<RunDocument['retracted']> {
  return { ...said(scrubbing, event), reason: scrubbing.text(event.reason) };
}

type Showing = Omit<
  RunDocument,
  'format' | 'id' | 'number' | 'events' | 'published' | 'retracted' | 'erased' | 'scrubbed'
>;

async function shownRun(
  rendering: Rendering,
  scrubbing: Scrubbing,
  { run, record: digest, amendments, reviews }: RunHistory,
  before: RunDocument | undefined,
): Promise<Showing> {
  const record = await shown(rendering, scrubbing, digest, run.id);
  const shownReviews: { reviewer: string; history: ReviewState[] }[] = [];
  for (const { reviewer, history } of reviews) {
    const states: ReviewState[] = [];
    for (const event of history) {
      const { note, supersedes } = event;
      states.push({
        ...said(scrubbing, event),
        ...(note === undefined ? {} : { note: scrubbing.text(note) }),
        ...(supersedes === undefined ? {} : { supersedes }),
        review: await shown(rendering, scrubbing, event.review, run.id),
      });
    }
    shownReviews.push({ reviewer: scrubbing.text(reviewer), history: states });
  }
  const media = record.state === 'shown' ? await shownMedia(rendering, scrubbing, record.body, run.id, before) : [];
  const { definition, status, amended } = standOf(run, amendments, record, scrubbing);
  return {
    definition,
    status,
    record,
    ...(amended.length === 0 ? {} : { amended }),
    reviews: shownReviews,
    ...(media.length === 0 ? {} : { media }),
  };
}

async function shown(
  rendering: Rendering,
  scrubbing: Scrubbing,
  digest: RunFact['record'],
  id: string,
): ReturnType<typeof renderJson> {
  const body = await renderJson(rendering, digest, { run: id });
  if (body.state === 'shown' && body.scrubbed !== undefined) scrubbing.note(body.scrubbed);
  return body;
}

/** What a record names as its media, as far as it says it in the known way. */
async function shownMedia(
  rendering: Rendering,
  scrubbing: Scrubbing,
  { media }: JsonObject,
  id: string,
  before: RunDocument | undefined,
): Promise<MediaItem[]> {
  const known = new Map((before?.media ?? []).map(({ digest, content }) => [digest, content]));
  const items: MediaItem[] = [];
  for (const one of Array.isArray(media) ? (media as readonly unknown[]) : []) {
    const { name, digest: text, mediaType } = (typeof one === 'object' && one !== null ? one : {}) as JsonObject;
    const digest = sha256In(text);
    if (typeof name !== 'string' || digest === undefined) continue;
    const content = known.get(digest) ?? (await renderContent(rendering, digest, { run: id }));
    known.set(digest, content);
    if (content.state === 'scrubbed') scrubbing.note(content.scrubbed);
    items.push({
      name,
      mediaType: typeof mediaType === 'string' ? mediaType : 'application/octet-stream',
      digest,
      content,
    });
  }
  return items;
}
