import { parseDigest, isSha256, type Sha256 } from '../encoding/digest.ts';
import { isFamily, isTag } from '../oci/name.ts';
import { ClientError } from './client-error.ts';

/** One version of a family as people write it: `family@ref`. */
export interface Reference {
  readonly family: string;
  /** A version, a pin, `latest`, or a digest. */
  readonly ref: string;
}

/** Reads `family@ref`, or `family` alone where another ref stands in. Throws `bad-reference`. */
export function parseReference(text: string, otherwise?: string): Reference {
  const at = text.indexOf('@');
  const family = at < 0 ? text : text.slice(0, at);
  const ref = at < 0 ? otherwise : text.slice(at + 1);
  if (!isFamily(family)) throw badReference(text, 'the family is lower-case letters, digits, . _ - and / between them');
  if (ref === undefined) throw badReference(text, `which version? As in ${family}@v1.0.0, or ${family}@stable`);
  if (!isRef(ref)) throw badReference(text, 'behind the @ stands a version, a pin, or sha256: and 64 hex digits');
  return { family, ref };
}

/** Throws `bad-reference` for a name that no family can have; such names become folders. */
export function checkFamilyName(family: string): string {
  return parseReference(family, 'latest').family;
}

export function isRef(text: string): boolean {
  return isTag(text) || digestRef(text) !== undefined;
}

/** The digest, where the ref is one. */
export function digestRef(ref: string): Sha256 | undefined {
  const digest = parseDigest(ref);
  return digest !== undefined && isSha256(digest) ? digest : undefined;
}

function badReference(text: string, why: string): ClientError {
  return new ClientError('bad-reference', `${JSON.stringify(text.slice(0, 300))} names no version: ${why}`);
}
