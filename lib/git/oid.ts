import { createHash, type Hash } from 'node:crypto';
import type { ObjectType } from './object-type.ts';

/** A Git object id: 40 lower-case hex digits of SHA-1 over `<type> <size>\0<content>`. */
export type Oid = string;

export const NULL_OID: Oid = '0'.repeat(40);
export const EMPTY_TREE: Oid = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

const OID = /^[0-9a-f]{40}$/;

export function isOid(text: string): boolean {
  return OID.test(text);
}

/** A hash that has taken the object's header and waits for its content. */
export function startOid(type: ObjectType, size: number): Hash {
  return createHash('sha1').update(`${type} ${size}\0`, 'latin1');
}

export function hashObject(type: ObjectType, content: Uint8Array): Oid {
  return startOid(type, content.length).update(content).digest('hex');
}
