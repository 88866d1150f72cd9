import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { LogError } from './log-error.ts';

/** C2SP signed-note, "Signature types": Ed25519. */
const ED25519 = 1;
const PUBLIC_BYTES = 32;
/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in SubjectPublicKeyInfo. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** A public key of notes, as it is written down: `<name>+<hash>+<base64>`. */
export interface VerifierKey {
  readonly name: string;
  /** Eight hex digits, over name and key. */
  readonly hash: string;
  /** The 32 bytes of Ed25519. */
  readonly bytes: Buffer;
}

/** Refuses what is no name of a key: it is a word, and holds no plus. */
export function checkKeyName(name: string): string {
  if (name.length > 0 && name.length <= 255 && !/[\s+\p{C}]/u.test(name)) return name;
  throw new LogError('key-invalid', 'a key has a name of 1 to 255 characters, without spaces and without a plus');
}

export function verifierKey(name: string, bytes: Uint8Array): VerifierKey {
  return { name: checkKeyName(name), hash: keyHash(name, bytes), bytes: Buffer.from(bytes) };
}

export function formatVerifierKey({ name, hash, bytes }: VerifierKey): string {
  return `${name}+${hash}+${typedBytes(bytes).toString('base64')}`;
}

export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', hash, base64 = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = decodeBase64(base64);
  if (hash === undefined || bytes?.[0] !== ED25519 || bytes.length !== PUBLIC_BYTES + 1) {
    throw new LogError('key-invalid', 'this is no verifier key of Ed25519: <name>+<hash>+<base64>');
  }
  const key = verifierKey(name, bytes.subarray(1));
  if (key.hash !== hash)
    throw new LogError('key-invalid', `the verifier key says the hash ${hash}, and has ${key.hash}`);
  return key;
}

export function isSignedBy({ bytes }: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, message, publicKey(bytes), signature);
  } catch {
    // Bytes that are no point on the curve have signed nothing.
    return false;
  }
}

/** Undefined where the text is not the one base64 of any bytes. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** C2SP signed-note, "Signatures": the first four bytes of a hash over the name and the typed key. */
export function keyHash(name: string, bytes: Uint8Array): string {
  return createHash('sha256').update(`${name}\n`).update(typedBytes(bytes)).digest('hex').slice(0, 8);
}

export function typedBytes(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(ED25519), bytes]);
}

function publicKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' });
}
