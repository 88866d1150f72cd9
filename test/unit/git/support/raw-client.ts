import { type Packet, textOf } from '../../../../lib/git/pkt-line.ts';
import { PktReader } from '../../../../lib/git/pkt-reader.ts';
import { receivePack } from '../../../../lib/git/receive-pack/receive-pack.ts';
import type { KeptPacks } from '../../../../lib/git/upload-pack/kept-packs.ts';
import { uploadPack } from '../../../../lib/git/upload-pack/upload-pack.ts';
import { gather, type MemoryRepository } from './memory-repository.ts';
import { chunked, Spools } from './spools.ts';

/** Asks without HTTP, with whatever bytes a test likes, and keeps what a log would tell. */
export class RawClient {
  readonly repository: MemoryRepository;
  readonly faults: Error[] = [];
  readonly spools = new Spools();

  readonly #packs: KeptPacks | undefined;

  constructor(repository: MemoryRepository, packs?: KeptPacks) {
    this.repository = repository;
    this.#packs = packs;
  }

  readonly #onFault = (error: Error): void => {
    this.faults.push(error);
  };

  fetch(version: 0 | 2, request: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
    const packs = this.#packs;
    const options = { onFault: this.#onFault, ...(signal && { signal }), ...(packs && { packs }) };
    return gather(uploadPack(this.repository, version, chunked(request, 100), options));
  }

  push(request: Uint8Array): Promise<Buffer> {
    const options = { onFault: this.#onFault, openSpool: this.spools.openSpool };
    return gather(receivePack(this.repository, chunked(request, 1000), options));
  }
}

/** An answer as lines; special packets by their kind, what is no packet as one line of its size. */
export async function linesOf(answer: Uint8Array): Promise<string[]> {
  const pack = Buffer.from(answer).indexOf('PACK');
  const isBare = pack !== -1 && !Buffer.from(answer).subarray(0, pack).includes(1);
  const reader = new PktReader(chunked(isBare ? answer.subarray(0, pack) : answer));
  const lines: string[] = [];
  for (let next: Packet | undefined = await reader.next(); next !== undefined; next = await reader.next()) {
    lines.push(next.kind === 'data' ? textOf(next.payload) : next.kind);
  }
  return isBare ? [...lines, 'pack'] : lines;
}
