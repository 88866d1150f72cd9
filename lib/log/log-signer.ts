import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { LogError } from './log-error.ts';
import { signatureLine } from './signed-note.ts';
import { decodeBase64, keyHash, typedBytes, verifierKey, type VerifierKey } from './verifier-key.ts';

const SEED_BYTES = 32;
/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const FORM = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;

/** The key that signs checkpoints. What it signs is a function of the text alone, so every server with the key says the same. */
export class LogSigner {
  readonly verifier: VerifierKey;
  readonly #seed: Buffer;
  readonly #key: KeyObject;

  private constructor(seed: Buffer, name: string | undefined) {
    this.#seed = seed;
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    const bytes = spki.subarray(spki.length - SEED_BYTES);
    this.verifier = verifierKey(
      name ?? `assay-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`,
      bytes,
    );
  }

  /** A new key; without a name it has one of its own, made of its public half. */
  static generate(name?: string): LogSigner {
    return new LogSigner(randomBytes(SEED_BYTES), name);
  }

  /** The form in which Go's sumdb/note keeps a private key. */
  static parse(text: string): LogSigner {
    const [, name = '', hash, base64 = ''] = FORM.exec(text.trim()) ?? [];
    const bytes = decodeBase64(base64);
    if (hash === undefined || bytes?.[0] !== 1 || bytes.length !== SEED_BYTES + 1) {
      throw new LogError('key-invalid', 'there is no private key of Ed25519: PRIVATE+KEY+<name>+<hash>+<base64>');
    }
    const signer = new LogSigner(Buffer.from(bytes.subarray(1)), name);
    if (signer.verifier.hash === hash) return signer;
    throw new LogError('key-invalid', `the private key says the hash ${hash}, and has ${signer.verifier.hash}`);
  }

  format(): string {
    const { name, bytes } = this.verifier;
    return `PRIVATE+KEY+${name}+${keyHash(name, bytes)}+${typedBytes(this.#seed).toString('base64')}`;
  }

  /** The text as a signed note. */
  sign(text: string): string {
    return `${text}\n${signatureLine(this.verifier, sign(null, Buffer.from(text), this.#key))}`;
  }
}
