import { createHash, type Hash } from 'node:crypto';
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

export async function hashContent(type: ObjectType, content: Buffer, breather: Breather): Promise<ObjectNames> {
  const hash = new ObjectHash(type, content.length);
  if (content.length <= STEP) return hash.update(content).names();
  for (let at = 0; at < content.length; at += STEP) {
    hash.update(content.subarray(at, at + STEP));
    if (breather.due()) await breather.rest();
  }
  return hash.names();
}
