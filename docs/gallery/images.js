import { el, isObject } from './elements.js';

/** What browsers show without running anything; no SVG. */
const TYPES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']);
const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

export function isImage({ mediaType, content }) {
  return TYPES.has(mediaType) && content.object !== undefined;
}

/** The first proof that is an image, or else the first image. */
export function proofOf({ record, media = [] }) {
  const images = media.filter(isImage);
  const { proofs } = (record?.state === 'shown' && isObject(record.body.validation) && record.body.validation) || {};
  const named = (Array.isArray(proofs) ? proofs : []).map((proof) => images.find(({ name }) => name === proof?.media));
  return named.find((image) => image !== undefined) ?? images[0];
}

/** The image's bytes are checked before the browser decodes any of them. */
export async function imageOf(bucket, { name, mediaType, content }, alt = name) {
  const bytes = await bucket.bytes(content.object, MAX_IMAGE_BYTES);
  const src = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  const image = el('img', { src, alt });
  image.addEventListener('load', () => URL.revokeObjectURL(src), { once: true });
  image.addEventListener(
    'error',
    () => image.replaceWith(el('p', { class: 'none' }, 'No image that a browser shows')),
    {
      once: true,
    },
  );
  return image;
}
