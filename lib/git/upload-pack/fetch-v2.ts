import { GitError } from '../error.ts';
import { DELIMITER, FLUSH, textPacket } from '../pkt-line.ts';
import type { Repository } from '../refs.ts';
import { BAND_PAYLOAD } from '../side-band.ts';
import { asksToDeepen, checkRequest, emptyRequest, type FetchRequest, takeLine } from './fetch-request.ts';
import { FetchSession, type UploadPackOptions } from './session.ts';
import { shallowLines } from './shallow-lines.ts';

/** Arguments that allow what we do anyway, or that we need not make use of. */
const IGNORED = new Set(['thin-pack', 'ofs-delta']);

/** gitprotocol-v2(5), "fetch". */
export async function* fetchV2(
  repository: Repository,
  args: readonly string[],
  options: UploadPackOptions,
): AsyncGenerator<Uint8Array> {
  const request = parseFetch(args);
  const session = await FetchSession.open(repository, options);
  await session.checkWants(request);
  const common = await session.present(request.haves);
  for (const oid of common) session.takeCommon(oid);
  if (request.wants.size === 0 && !request.waitForDone) return;
  if (!request.done && request.haves.length > 0) {
    const ready = !request.waitForDone && (await session.isReady(request));
    yield acknowledgments(request, common, ready);
    if (!ready) return;
  }
  if (request.wants.size === 0) return;
  const plan = await session.planShallow(request);
  if (asksToDeepen(request) || request.shallow.size + plan.shallow.length > 0) {
    yield Buffer.concat([textPacket('shallow-info'), ...shallowLines(plan), DELIMITER]);
  }
  yield textPacket('packfile');
  yield* session.pack(request, plan.after, BAND_PAYLOAD);
  yield FLUSH;
}

function parseFetch(args: readonly string[]): FetchRequest {
  const request = emptyRequest();
  for (const line of args) {
    if (takeLine(request, line) || IGNORED.has(line)) continue;
    if (line !== 'wait-for-done') throw new GitError('bad-request', `fetch: unexpected line "${line.slice(0, 100)}"`);
    request.waitForDone = true;
  }
  checkRequest(request);
  return request;
}

function acknowledgments(request: FetchRequest, common: ReadonlySet<string>, ready: boolean): Buffer {
  const acks = [...new Set(request.haves)].filter((oid) => common.has(oid)).map((oid) => textPacket(`ACK ${oid}`));
  if (acks.length === 0) acks.push(textPacket('NAK'));
  if (ready) acks.push(textPacket('ready'));
  return Buffer.concat([textPacket('acknowledgments'), ...acks, ready ? DELIMITER : FLUSH]);
}
