import { Passing, rest } from '../back-off.ts';
import { ImageError } from './image-error.ts';
import type { Described } from './image-source.ts';
import type { RegistrySession } from './registry-session.ts';
import { BACK_OFF, passing, withRetries } from './retry.ts';

/** A connection that brought this much before it broke was worth it. */
const PROGRESS = 64 * 1024;

/** A blob of a registry. Where the connection breaks it goes on from there. Undefined: the registry has no such blob. */
export async function download(
  session: RegistrySession,
  described: Described,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const first = await withRetries(() => open(session, described, 0, signal), signal);
  return first === undefined ? undefined : continued(session, described, first, signal);
}

async function* continued(
  session: RegistrySession,
  described: Described,
  first: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let response: Response | undefined = first;
  let got = 0;
  for (let failures = 0; ;) {
    const before = got;
    let failure: Passing;
    try {
      response ??= await open(session, described, got, signal);
      for await (const piece of bodyFrom(response, got)) {
        got += piece.length;
        yield piece;
      }
      return; // the whole of what the registry has; whether it is what was described, others see
    } catch (cause) {
      signal?.throwIfAborted();
      const found = cause instanceof ImageError ? passing(cause) : new Passing(broken(session, described, got, cause));
      if (found === undefined) throw cause;
      failure = found;
    }
    failures = got - before >= PROGRESS ? 1 : failures + 1;
    await rest(failure, failures, BACK_OFF, signal);
    response = undefined;
  }
}

async function open(
  session: RegistrySession,
  { digest }: Described,
  from: number,
  signal: AbortSignal | undefined,
): Promise<Response | undefined> {
  const headers = from === 0 ? {} : { range: `bytes=${from}-` };
  const expect = from === 0 ? [200, 404] : [200, 206];
  const to = `blobs/${digest}`;
  const response = await session.send({ method: 'GET', to, about: digest, headers, expect, long: true, signal });
  if (response.status !== 404) return response;
  await response.body?.cancel();
  return undefined;
}

/** The bytes from there on, also of a registry that gives the whole where a part was asked for. */
async function* bodyFrom(response: Response | undefined, from: number): AsyncGenerator<Uint8Array> {
  let skip = response?.status === 206 ? from - startOf(response) : from;
  if (skip < 0) throw new ImageError('refused', `a registry answers another range than it was asked for`);
  for await (const piece of response?.body ?? []) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      yield skip === 0 ? piece : piece.subarray(skip);
      skip = 0;
    }
  }
}

function startOf(response: Response): number {
  const start = /^bytes (\d{1,15})-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? Number.POSITIVE_INFINITY : Number(start);
}

function broken(session: RegistrySession, { digest, size }: Described, got: number, cause?: unknown): ImageError {
  return new ImageError('unreachable', `${session.label} broke off at byte ${got} of the ${size} of ${digest}`, {
    cause,
  });
}
