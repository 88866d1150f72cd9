import { createHash } from 'node:crypto';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import type { Documents } from './documents.ts';
import { refOf } from './documents.ts';
import { isNothing } from '../scrub/findings.ts';
import type { Scrubber } from '../scrub/scrubber.ts';
import { MAX_TEXT_BYTES, TEXT_PROBE_BYTES } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { Body, BodySource, Owner } from './sources.ts';
import type { Content } from './wire.ts';

/** Makes an object of media or of a file: as it is, without its secrets, or not at all. */
export async function renderContent(
  { documents, bodies, scrubber }: { documents: Documents; bodies: BodySource; scrubber: Scrubber },
  digest: Sha256,
  owner: Owner,
): Promise<Content> {
  const body = await bodies.open(digest, owner);
  if (body === undefined) return { state: 'erased' };
  if (body.withheld === true) return { state: 'withheld' };
  const pieces = body.read()[Symbol.asyncIterator]();
  const probe = await readUpTo(pieces, TEXT_PROBE_BYTES);
  if (isText(probe)) {
    if (body.size <= MAX_TEXT_BYTES || body.scrubbed !== undefined)
      return renderText(documents, scrubber, digest, body, [...probe, ...(await rest(pieces))]);
    await pieces.return?.();
    return { state: 'withheld' };
  }
  const ref = { digest, size: body.size };
  await documents.writeAs(ref, checked(ref, probe, pieces));
  return { state: 'shown', object: ref };
}

async function renderText(
  documents: Documents,
  scrubber: Scrubber,
  digest: Sha256,
  body: Body,
  pieces: readonly Uint8Array[],
): Promise<Content> {
  const whole = Buffer.concat(pieces);
  if (body.scrubbed === undefined && sha256(whole) !== digest) throw bodyWrong(digest);
  const { bytes, found } = scrubber.bytes(whole);
  const scrubbed = body.scrubbed ?? found;
  const object = refOf(bytes);
  await documents.writeAs(object, bytes);
  return isNothing(scrubbed) ? { state: 'shown', object } : { state: 'scrubbed', object, scrubbed };
}

/** As Git judges: what holds no zero byte early on is text. */
function isText(probe: readonly Uint8Array[]): boolean {
  return !probe.some((piece) => piece.includes(0));
}

async function readUpTo(pieces: AsyncIterator<Uint8Array>, size: number): Promise<Uint8Array[]> {
  const read: Uint8Array[] = [];
  for (let total = 0; total < size;) {
    const next = await pieces.next();
    if (next.done === true) break;
    read.push(next.value);
    total += next.value.length;
  }
  return read;
}

async function rest(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array[]> {
  return readUpTo(pieces, Infinity);
}

async function* checked(
  { digest, size }: { digest: Sha256; size: number },
  probe: readonly Uint8Array[],
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let total = 0;
  try {
    for (const piece of probe) {
      hash.update(piece);
      total += piece.length;
      yield piece;
    }
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      hash.update(next.value);
      total += next.value.length;
      yield next.value;
    }
  } finally {
    await pieces.return?.();
  }
  if (total !== size || `sha256:${hash.digest('hex')}` !== digest) throw bodyWrong(digest);
}

export function bodyWrong(digest: Sha256): SnapshotError {
  return new SnapshotError('body-wrong', `the bytes of ${digest} are not of that digest`);
}
