import { GitError } from '../error.ts';
import type { Oid } from '../oid.ts';
import { FLUSH, textOf, textPacket } from '../pkt-line.ts';
import type { PktReader } from '../pkt-reader.ts';
import type { Repository } from '../refs.ts';
import { BAND_PAYLOAD, SMALL_BAND_PAYLOAD } from '../side-band.ts';
import { asksToDeepen, checkRequest, emptyRequest, type FetchRequest, takeLine } from './fetch-request.ts';
import { FetchSession, type UploadPackOptions } from './session.ts';
import { shallowLines } from './shallow-lines.ts';

/** gitprotocol-pack(5), "Packfile Negotiation", over HTTP: every request tells the whole state again. */
export async function* fetchV0(
  repository: Repository,
  reader: PktReader,
  options: UploadPackOptions,
): AsyncGenerator<Uint8Array> {
  const request = emptyRequest();
  const capabilities = await readWants(reader, request);
  if (request.wants.size === 0) return;
  const session = await FetchSession.open(repository, options);
  await session.checkWants(request);
  const plan = await session.planShallow(request);
  if (asksToDeepen(request)) yield Buffer.concat([...shallowLines(plan), FLUSH]);
  const negotiation = new Negotiation(session, request, capabilities);
  yield* negotiation.run(reader);
  if (!negotiation.agreed) return;
  const payload = bandPayload(capabilities);
  yield* session.pack(request, plan.after, payload);
  if (payload > 0) yield FLUSH;
}

async function readWants(reader: PktReader, request: FetchRequest): Promise<ReadonlySet<string>> {
  const lines = (await reader.lines()) ?? [];
  const [, , list] = /^(want [0-9a-f]{40})(.*)$/s.exec(lines[0] ?? '') ?? [];
  if (list !== undefined) lines[0] = lines[0]!.slice(0, 'want '.length + 40);
  const capabilities = new Set((list ?? '').split(' '));
  for (const line of lines) {
    if (line.startsWith('have ') || line === 'done' || !takeLine(request, line)) {
      throw new GitError('bad-request', `a line that does not belong among wants: "${line.slice(0, 100)}"`);
    }
  }
  for (const flag of ['include-tag', 'no-progress', 'deepen-relative'])
    if (capabilities.has(flag)) takeLine(request, flag);
  checkRequest(request);
  return capabilities;
}

function bandPayload(capabilities: ReadonlySet<string>): number {
  if (capabilities.has('side-band-64k')) return BAND_PAYLOAD;
  return capabilities.has('side-band') ? SMALL_BAND_PAYLOAD : 0;
}

/** Finds out what both sides have, in the words of `multi_ack_detailed` or in the few that there were before it. */
class Negotiation {
  readonly #session: FetchSession;
  readonly #request: FetchRequest;
  readonly #detailed: boolean;
  readonly #noDone: boolean;
  #last: Oid | undefined;
  #ready = false;
  /** True when the client expects the pack to follow. */
  agreed = false;

  constructor(session: FetchSession, request: FetchRequest, capabilities: ReadonlySet<string>) {
    this.#session = session;
    this.#request = request;
    this.#detailed = capabilities.has('multi_ack_detailed');
    this.#noDone = capabilities.has('no-done');
  }

  async *run(reader: PktReader): AsyncGenerator<Uint8Array> {
    const haves: Oid[] = [];
    for (;;) {
      const packet = await reader.next();
      if (packet?.kind === 'data') {
        const line = textOf(packet.payload);
        if (line.startsWith('have ') && takeLine(this.#request, line)) {
          haves.push(this.#request.haves.at(-1)!);
          continue;
        }
        if (line !== 'done')
          throw new GitError('bad-request', `"have" or "done" expected, not "${line.slice(0, 100)}"`);
        yield* this.#acknowledge(haves.splice(0));
        yield this.#detailed && this.#last !== undefined ? textPacket(`ACK ${this.#last}`) : this.#lastWord();
        this.agreed = true;
        return;
      }
      if (packet === undefined) return;
      if (packet.kind !== 'flush') throw new GitError('bad-request', `an unexpected ${packet.kind} packet`);
      yield* this.#acknowledge(haves.splice(0));
      yield* this.#endRound();
      if (this.agreed) return;
    }
  }

  async *#acknowledge(haves: readonly Oid[]): AsyncGenerator<Uint8Array> {
    const common = await this.#session.present(haves);
    for (const oid of haves) {
      if (common.has(oid)) {
        this.#session.takeCommon(oid);
        if (this.#detailed) yield textPacket(`ACK ${oid} common`);
        else if (this.#last === undefined) yield textPacket(`ACK ${oid}`);
        this.#last = oid;
      } else if (this.#detailed && (await this.#session.isReady(this.#request))) {
        // The client goes on with what we do not have: tell it that it may stop.
        this.#ready = true;
        yield textPacket(`ACK ${oid} ready`);
      }
    }
  }

  async *#endRound(): AsyncGenerator<Uint8Array> {
    if (this.#detailed && !this.#ready && this.#last !== undefined && (await this.#session.isReady(this.#request))) {
      this.#ready = true;
      yield textPacket(`ACK ${this.#last} ready`);
    }
    if (this.#detailed || this.#last === undefined) yield textPacket('NAK');
    if (!this.#noDone || !this.#ready || this.#last === undefined) return;
    yield textPacket(`ACK ${this.#last}`);
    this.agreed = true;
  }

  /** Without `multi_ack` the one ACK was sent when the first common object came. */
  #lastWord(): Buffer {
    return this.#last === undefined ? textPacket('NAK') : Buffer.alloc(0);
  }
}
