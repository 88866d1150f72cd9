import { NULL_OID } from '../oid.ts';
import { unpack } from '../pack-reader.ts';
import type { PackLimits } from '../pack-limits.ts';
import { FLUSH, textPacket } from '../pkt-line.ts';
import { PktReader } from '../pkt-reader.ts';
import type { Quarantine } from '../quarantine.ts';
import type { Repository } from '../refs.ts';
import { type OnFault, publicMessage, refused } from '../refusal.ts';
import type { OpenSpool } from '../spool.ts';
import { type PushRequest, readPushRequest } from './push-request.ts';
import { PushSession } from './push-session.ts';
import type { PushTarget } from './push-target.ts';
import { pushReport } from './report.ts';

export interface ReceivePackOptions {
  readonly openSpool: OpenSpool;
  readonly limits?: PackLimits;
  readonly onFault: OnFault;
  readonly signal?: AbortSignal;
}

/** How much of a refused push is still taken in, so that the client gets to read why. */
const DRAIN_BYTES = 64 * 1024 * 1024;

/** gitprotocol-capabilities(5); what is not named here we do not do. */
const CAPABILITIES = [
  'report-status',
  'report-status-v2',
  'delete-refs',
  'side-band-64k',
  'quiet',
  'atomic',
  'ofs-delta',
  'object-format=sha1',
].join(' ');

/** The answer to `GET info/refs?service=git-receive-pack`. There is no version 2 of it. */
export async function* advertiseReceivePack(
  repository: Repository,
  { agent }: { readonly agent: string },
): AsyncGenerator<Uint8Array> {
  const { refs } = await repository.refs.list();
  const lines = refs.map(({ name, oid }) => `${oid} ${name}`);
  if (lines.length === 0) lines.push(`${NULL_OID} capabilities^{}`);
  lines[0] += `\0${CAPABILITIES} agent=${agent}`;
  yield Buffer.concat([textPacket('# service=git-receive-pack'), FLUSH, ...lines.map(textPacket), FLUSH]);
}

/** The answer to `POST git-receive-pack`: all is checked in quarantine, then stored in one commit, then reported. */
export async function* receivePack(
  target: PushTarget,
  body: AsyncIterable<Uint8Array>,
  options: ReceivePackOptions,
): AsyncGenerator<Uint8Array> {
  yield* refused(answer(target, new PktReader(body), options), options.onFault);
}

async function* answer(target: PushTarget, reader: PktReader, options: ReceivePackOptions): AsyncGenerator<Uint8Array> {
  const request = await readPushRequest(reader);
  // A lone flush is how a client asks whether it may push at all.
  if (request.updates.length === 0) return;
  yield await take(target, request, reader, options);
}

async function take(
  target: PushTarget,
  request: PushRequest,
  reader: PktReader,
  options: ReceivePackOptions,
): Promise<Buffer> {
  const { updates, capabilities } = request;
  let pushed: Quarantine | undefined;
  try {
    if (updates.some(({ to }) => to !== null)) pushed = await unpack(reader.rest(), unpackOptions(target, options));
    const session = new PushSession(target, request, pushed, options);
    return pushReport(capabilities, 'ok', await session.run());
  } catch (error) {
    const why = publicMessage(error, options.onFault);
    if (pushed === undefined) await drain(reader);
    return pushReport(capabilities, why, new Map(updates.map(({ name }) => [name, 'unpacker error'])));
  } finally {
    await pushed?.close();
  }
}

function unpackOptions(target: PushTarget, { openSpool, limits, signal }: ReceivePackOptions) {
  return {
    openSpool,
    bases: target.objects,
    ...(limits === undefined ? {} : { limits }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function drain(reader: PktReader): Promise<void> {
  let bytes = 0;
  for await (const chunk of reader.rest()) {
    bytes += chunk.length;
    if (bytes > DRAIN_BYTES) return;
  }
}
