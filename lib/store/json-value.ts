import { asBuffer } from '../encoding/as-buffer.ts';

/** Records are kept as JSON, with their keys in the order in which they were made: checks compare bytes. */
export function encodeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** For values that this program wrote itself; `T` is what its writer puts there. */
export function decodeJson<T extends object>(bytes: Uint8Array): T {
  return JSON.parse(asBuffer(bytes).toString('utf8')) as T;
}
