import { hash as hashAtOnce, type Hash } from 'node:crypto';

export type Algorithm = 'sha256' | 'sha512';

/** `<algorithm>:<lower-case hex>`, always well-formed: only `parseDigest` and the hashers here make one. */
export type Digest = `${Algorithm}:${string}`;
export type Sha256 = `sha256:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function parseDigest(text: string): Digest | undefined {
  return DIGEST.test(text) ? (text as Digest) : undefined;
}

export function isAlgorithm(text: string): text is Algorithm {
  return text === 'sha256' || text === 'sha512';
}

export function isSha256(digest: Digest): digest is Sha256 {
  return digest.startsWith('sha256:');
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, 6) as Algorithm;
}

export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

export function sha256(bytes: Uint8Array): Sha256 {
  return `sha256:${hashAtOnce('sha256', bytes, 'hex')}`;
}

export function digestWith(algorithm: Algorithm, bytes: Uint8Array): Digest {
  return `${algorithm}:${hashAtOnce(algorithm, bytes, 'hex')}`;
}

/** Ends the hash. */
export function digestOf(algorithm: Algorithm, hash: Hash): Digest {
  return `${algorithm}:${hash.digest('hex')}`;
}
