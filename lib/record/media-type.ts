/** What is served when it is not known that a browser shows it as nothing but an image. */
export const BYTES_TYPE = 'application/octet-stream';

/** How many bytes of media tell its type. */
export const TELLING_BYTES = 32;

/**
 * The type of an image, from its first bytes, and of everything else that of bytes. Nobody's word is taken for it: what
 * is served as an image must be one. SVG is none of these, since it can hold scripts.
 */
export function mediaTypeOf(head: Uint8Array): string {
  const text = Buffer.from(head.subarray(0, TELLING_BYTES)).toString('latin1');
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(text)) return 'image/gif';
  if (/^RIFF[\s\S]{4}WEBP/.test(text)) return 'image/webp';
  if (/^[\s\S]{4}ftypavi[fs]/.test(text)) return 'image/avif';
  return BYTES_TYPE;
}

export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

export function isImageType(type: string): boolean {
  return IMAGE_TYPES.includes(type);
}
