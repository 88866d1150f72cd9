import { asBuffer } from '../encoding/as-buffer.ts';
import { canonicalJson, CanonicalJsonError, type JsonObject, type JsonValue } from '../encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import { bodyWrong } from './content-rendering.ts';
import { foundField, type Findings } from '../scrub/findings.ts';
import { Scrubbing } from '../scrub/scrub-json.ts';
import type { Scrubber } from '../scrub/scrubber.ts';
import { MAX_JSON_BYTES } from './shape.ts';
import type { Body, BodySource, Owner } from './sources.ts';
import type { Shown } from './wire.ts';

/** A record, a review or metadata as it is shown. */
export async function renderJson(
  { bodies, scrubber }: { bodies: BodySource; scrubber: Scrubber },
  digest: Sha256,
  owner: Owner,
): Promise<Shown> {
  const body = await bodies.open(digest, owner);
  if (body === undefined) return { digest, state: 'erased' };
  if (body.withheld === true || (body.size > MAX_JSON_BYTES && body.scrubbed === undefined))
    return { digest, state: 'unreadable' };
  const bytes = await readAll(body);
  if (body.scrubbed === undefined && sha256(bytes) !== digest) throw bodyWrong(digest);
  const text = asBuffer(bytes).toString('utf8');
  const value = objectIn(text, bytes);
  if (value === undefined) return { digest, state: 'unreadable' };
  const scrubbing = new Scrubbing(scrubber);
  const shown = scrubbing.json(value, text);
  const found: Findings = body.scrubbed ?? scrubbing.found;
  return { digest, state: 'shown', body: shown, ...foundField(found) };
}

export async function readAll(body: Body): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body.read()) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Undefined for what is no object in canonical form, which is how bodies are kept: its digest could not be computed again. */
function objectIn(text: string, bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return canonicalJson(value).equals(bytes) ? (value as JsonObject) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CanonicalJsonError || error instanceof RangeError)
      return undefined;
    throw error;
  }
}
