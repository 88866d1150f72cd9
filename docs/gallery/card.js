import { badgeOf, chipsOf, el, isObject, textOf, timeOf, troubleOf } from './elements.js';
import { imageOf, proofOf } from './images.js';

/** What the gallery shows of a run. Its image is looked for when the card comes into sight. */
export function cardOf(snapshot, summary) {
  const { id, at, retracted, erased, definition } = summary;
  const link = el(
    'a',
    { href: `#/runs/${encodeURIComponent(id)}` },
    retracted === undefined ? titleOf(definition) : id,
  );
  const heading = el('h2', {}, link);
  if (retracted !== undefined) {
    const when = el('p', { class: 'quiet' }, 'Retracted ', timeOf(retracted.at));
    const badge = badgeOf(erased === true ? 'erased' : 'retracted');
    return el('article', { class: 'card gone' }, badge, heading, el('p', {}, retracted.reason), when);
  }
  const picture = el('div', { class: 'picture' });
  const { status, variant, model, harness, startedAt, amendments } = summary;
  const by = [textOf(model), harnessOf(harness)].filter((part) => part !== undefined).join(' · ');
  whenInSight(picture, () => complete(snapshot, summary, picture));
  const amended = amendments === undefined ? undefined : el('span', { class: 'badge other' }, 'amended');
  return el(
    'article',
    { class: 'card' },
    picture,
    el('p', { class: 'badges' }, badgeOf(status), amended),
    heading,
    variant === undefined ? undefined : el('p', { class: 'quiet' }, textOf(variant)),
    by === '' ? undefined : el('p', {}, by),
    ...reviewsOf(summary),
    el('p', { class: 'quiet' }, timeOf(startedAt) ?? timeOf(at)),
  );
}

export function titleOf(definition) {
  return definition === undefined ? 'A run' : `${definition.family} ${definition.version}`;
}

export function harnessOf(harness) {
  if (!isObject(harness)) return undefined;
  const known = [textOf(harness.name), textOf(harness.version)].filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.join(' ');
}

function reviewsOf({ reviews = [] }) {
  return reviews.map(({ reviewer, ratings }) => chipsOf(ratings, `Ratings by ${reviewer}`, reviewer));
}

async function complete({ bucket }, { id, document }, picture) {
  try {
    const run = await bucket.document(document);
    const proof = proofOf(run);
    if (proof === undefined) picture.replaceChildren(el('p', { class: 'none' }, 'No image'));
    else picture.replaceChildren(await imageOf(bucket, proof, `${proof.name} of run ${id}`));
  } catch (error) {
    picture.replaceChildren(troubleOf(error));
  }
}

const waiting = new WeakMap();
const sight = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      void waiting.get(target)?.();
    }
  },
  { rootMargin: '200px' },
);

function whenInSight(element, work) {
  waiting.set(element, work);
  sight.observe(element);
}
