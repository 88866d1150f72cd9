import { digestOf, el, fill, unfolding } from './elements.js';
import { imageOf, isImage } from './images.js';

const MAX_TEXT_BYTES = 2 * 1024 * 1024;

/** What a run left behind: images are shown, texts unfold, the rest is named. */
export function mediaSection(bucket, { media = [] }) {
  if (media.length === 0) return undefined;
  return el(
    'section',
    {},
    el('h3', {}, 'Media'),
    media.map((item) => el('div', { class: 'media' }, mediumOf(bucket, item))),
  );
}

function mediumOf(bucket, item) {
  const { name, mediaType, digest, content } = item;
  const scrubbed = content.state === 'scrubbed' ? ' · secrets taken out' : '';
  const told = el('p', { class: 'quiet' }, `${mediaType}${scrubbed} · `, digestOf(digest));
  if (content.object === undefined) return [el('p', {}, name), el('p', { class: 'note' }, `${content.state}`), told];
  if (isImage(item)) {
    const place = el('div');
    void fill(place, () => imageOf(bucket, item));
    return el('figure', {}, place, el('figcaption', {}, name, told));
  }
  if (!mediaType.startsWith('text/')) return [el('p', {}, name), told];
  return [unfolding(name, () => contentText(bucket, content)), told];
}

/** A file's text as it was written. */
export async function contentText(bucket, content) {
  if (content.object === undefined) return el('p', { class: 'note' }, content.state);
  return el('pre', { tabindex: '0' }, await bucket.text(content.object, MAX_TEXT_BYTES));
}
