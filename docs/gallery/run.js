import { isOfDigest } from './bucket.js';
import { harnessOf, titleOf } from './card.js';
import { badgeOf, chipsOf, digestOf, el, factsOf, isObject, textOf, timeOf, unfolding } from './elements.js';
import { definitionSection } from './definition.js';
import { mediaSection } from './media.js';

/** All that a snapshot says of one run. */
export async function runView(snapshot, id) {
  const summary = await snapshot.summary(id);
  if (summary === undefined) return el('p', { class: 'empty' }, 'No run of this id was published.');
  const run = await snapshot.bucket.document(summary.document);
  return run.retracted === undefined ? shownRun(snapshot, run) : retractedRun(run);
}

/** The log keeps that it was, and that it is no more; nothing else is left. */
function retractedRun({ id, published, retracted, erased, events }) {
  const heading = el('h2', { tabindex: '-1' }, erased === undefined ? 'Retracted run' : 'Erased run');
  const reason = el('p', { class: 'reason' }, retracted.reason);
  const facts = factsOf([
    ['Run', id],
    ['Retracted', timeOf(retracted.at)],
    ['By', textOf(retracted.by)],
    ['Erased', timeOf(erased?.at)],
    ['Because', textOf(erased?.reason)],
    ['Published', timeOf(published.at)],
    ['Log entries', events.join(', ')],
  ]);
  return [badgeOf(erased === undefined ? 'retracted' : 'erased'), heading, reason, facts];
}

async function shownRun(snapshot, run) {
  const { definition, status, scrubbed, record, reviews = [], amended = [] } = run;
  const scrubbedNote =
    scrubbed === undefined ? undefined : el('p', { class: 'note' }, 'Secrets were taken out of this run.');
  return [
    el('p', { class: 'badges' }, badgeOf(status)),
    el('h2', { tabindex: '-1' }, titleOf(definition)),
    scrubbedNote,
    runFacts(run),
    mediaSection(snapshot.bucket, run),
    section('Reviews', await Promise.all(reviews.map(reviewOf))),
    amended.length === 0 ? undefined : section('Amendments', amended.map(amendmentOf)),
    definition === undefined ? undefined : section('Definition', [definitionSection(snapshot, definition)]),
    record === undefined ? undefined : section('Record', await bodyOf(record, 'Record as JSON')),
  ];
}

function runFacts({ id, published, events, record }) {
  const body = record?.state === 'shown' ? record.body : {};
  const subject = isObject(body.subject) ? body.subject : {};
  const metrics = isObject(body.metrics) ? body.metrics : {};
  return factsOf([
    ['Run', id],
    ['Model', textOf(subject.model)],
    ['Harness', harnessOf(subject.harness)],
    ['Variant', textOf(subject.variant)],
    ['Orchestrator', textOf(subject.orchestrator)],
    ['Started', timeOf(body.startedAt)],
    ['Ended', timeOf(body.endedAt)],
    ['Ran for', durationOf(metrics.runTimeMs)],
    ['Tokens', amountsOf(metrics.tokens)],
    ['Costs', amountsOf(metrics.costs)],
    ['Links', linksOf(body.links)],
    ['Published', timeOf(published.at)],
    ['Log index', String(published.index)],
    ['All log entries', events.join(', ')],
  ]);
}

/** The newest judgement in full, those before it folded away. */
async function reviewOf({ reviewer, history }) {
  const [newest, ...earlier] = await Promise.all(history.toReversed().map(judgementOf));
  const before =
    earlier.length === 0 ? undefined : el('details', {}, el('summary', {}, `Earlier (${earlier.length})`), earlier);
  return el('article', { class: 'review' }, el('h4', {}, reviewer), newest, before);
}

async function judgementOf({ at, index, note, review }) {
  const said = el('p', { class: 'quiet' }, timeOf(at), ` · log index ${index}`);
  const why = note === undefined ? undefined : el('p', { class: 'note' }, note);
  if (review.state !== 'shown') return el('div', {}, notShown(review), why, said);
  const { ratings, verdicts, text } = review.body;
  return el(
    'div',
    { class: 'judgement' },
    chipsOf(ratings, 'Ratings'),
    chipsOf(verdicts, 'Verdicts'),
    textOf(text) === undefined ? undefined : el('p', { class: 'prose' }, text),
    why,
    said,
    await digestLine(review),
  );
}

function amendmentOf({ at, index, reason, record, supersedes, status, definition }) {
  return el(
    'article',
    { class: 'amendment' },
    el('p', { class: 'prose' }, reason),
    el('p', { class: 'quiet' }, timeOf(at), ` · log index ${index}`),
    factsOf([
      ['Status', status === undefined ? undefined : `${status.from} → ${status.to}`],
      ['Definition', definition === undefined ? undefined : `${titleOf(definition.from)} → ${titleOf(definition.to)}`],
      ['Record since then', digestOf(record)],
      ['Record before', digestOf(supersedes)],
    ]),
  );
}

/** A body, folded, with whether it is what the log names. */
async function bodyOf(shown, title) {
  if (shown.state !== 'shown') return [notShown(shown)];
  const json = unfolding(title, () => el('pre', { tabindex: '0' }, JSON.stringify(shown.body, undefined, 2)));
  return [await digestLine(shown), json];
}

async function digestLine(shown) {
  const verdict =
    shown.scrubbed !== undefined
      ? 'Secrets taken out, so these are no longer the bytes of'
      : (await isOfDigest(shown))
        ? 'Checked against'
        : 'Not of the digest that the log names';
  return el('p', { class: 'quiet' }, `${verdict} `, digestOf(shown.digest));
}

function notShown({ state, digest }) {
  const why = state === 'erased' ? 'Erased; the log keeps only its digest ' : 'Not readable: ';
  return el('p', { class: 'note' }, why, digestOf(digest));
}

function section(title, children) {
  return el('section', {}, el('h3', {}, title), children);
}

function durationOf(ms) {
  if (typeof ms !== 'number') return undefined;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function amountsOf(values) {
  const known = Object.entries(isObject(values) ? values : {}).filter(([, value]) => textOf(value) !== undefined);
  return known
    .map(([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en') : value}`)
    .join(', ');
}

/** Only addresses of the web become links. */
function linksOf(links) {
  const known = Object.entries(isObject(links) ? links : {}).filter(([, url]) =>
    /^https?:\/\//.test(textOf(url) ?? ''),
  );
  if (known.length === 0) return undefined;
  return el(
    'span',
    {},
    known.flatMap(([name, href]) => [el('a', { href, rel: 'noopener noreferrer nofollow' }, name), ' ']),
  );
}
