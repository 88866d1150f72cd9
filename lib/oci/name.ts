import { parseDigest, type Digest } from '../encoding/digest.ts';
import { OciError } from './oci-error.ts';

/** Distribution specification, "Pulling manifests": the forms of a name and of a tag. */
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
export const FAMILY_PATTERN = `^${PART}(?:/${PART})*$`;
const FAMILY = new RegExp(FAMILY_PATTERN);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
export const MAX_FAMILY_LENGTH = 255;
export const MAX_TAG_LENGTH = 128;
const LOOKS_LIKE_DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:/;

export function isFamily(text: string): boolean {
  return text.length <= MAX_FAMILY_LENGTH && FAMILY.test(text);
}

export function checkFamily(text: string): string {
  if (isFamily(text)) return text;
  const why = text.length > MAX_FAMILY_LENGTH ? `is longer than ${MAX_FAMILY_LENGTH} characters` : 'is not well-formed';
  throw new OciError(
    'name-invalid',
    `the repository name ${why}: lower-case letters, digits, . _ - and / between them`,
    {
      name: text.slice(0, 300),
    },
  );
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function checkTag(text: string): string {
  if (isTag(text)) return text;
  throw new OciError('tag-invalid', 'a tag has at most 128 letters, digits, _ . - and begins with none of . -', {
    tag: text.slice(0, 300),
  });
}

export function checkDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  const algorithm = /^[^:]*/.exec(text)?.[0];
  if (LOOKS_LIKE_DIGEST.test(text) && algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new OciError('digest-unsupported', `digests are sha256 or sha512, not ${algorithm?.slice(0, 40)}`, {
      digest: text.slice(0, 300),
    });
  }
  throw new OciError('digest-invalid', 'a digest is sha256: and 64, or sha512: and 128 lower-case hex digits', {
    digest: text.slice(0, 300),
  });
}

/** A manifest is named by a digest or a tag; a tag never holds a colon. */
export type Reference = { readonly digest: Digest } | { readonly tag: string };

export function parseReference(text: string): Reference {
  return text.includes(':') ? { digest: checkDigest(text) } : { tag: checkTag(text) };
}

/** For reading, a name that no tag can have is one that names nothing: the specification asks for a 404, not a 400. */
export function parseReferenceToRead(text: string): Reference {
  if (text.includes(':') || isTag(text)) return parseReference(text);
  throw new OciError('manifest-unknown', `no manifest can be named ${JSON.stringify(text.slice(0, 150))}`, {
    tag: text.slice(0, 300),
  });
}
