import { createHash, hash as hashAtOnce, type Hash } from 'node:crypto';
import { digestOf, type Sha256 } from '../encoding/digest.ts';
import type { Breather } from './breather.ts';
import type { ObjectType } from './object-type.ts';
import { type Oid, startOid } from './oid.ts';

const STEP = 1024 * 1024;

export interface ObjectNames {
  readonly oid: Oid;
  readonly digest: Sha256;
}

/** Both names of an object, taken in one pass. */
export class ObjectHash {
  readonly #oid: Hash;
  readonly #digest = createHash('sha256');

  constructor(type: ObjectType, size: number) {
    this.#oid = startOid(type, size);
  }

  update(piece: Uint8Array): this {
    this.#oid.update(piece);
    this.#digest.update(piece);
    return this;
  }

  names(): ObjectNames {
    return { oid: this.#oid.digest('hex'), digest: digestOf('sha256', this.#digest) as Sha256 };
  }
}

/** Header and content of a small object, side by side for a hash in one go; hash objects are work for the collector. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

export async function hashContent(type: ObjectType, content: Buffer, breather: Breather): Promise<ObjectNames> {
  const header = `${type} ${content.length}\0`;
  const total = header.length + content.length;
  if (total <= scratch.length) {
    scratch.write(header, 0, 'latin1');
    content.copy(scratch, header.length);
    return {
      oid: hashAtOnce('sha1', scratch.subarray(0, total), 'hex'),
      digest: `sha256:${hashAtOnce('sha256', content, 'hex')}`,
    };
  }
  const hash = new ObjectHash(type, content.length);
  for (let at = 0; at < content.length; at += STEP) {
    hash.update(content.subarray(at, at + STEP));
    if (breather.due()) await breather.rest();
  }
  return hash.names();
}
