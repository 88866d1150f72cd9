import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FileSpool } from '../../../../lib/git/file-spool.ts';
import { DEFAULT_PACK_LIMITS, type PackLimits } from '../../../../lib/git/pack-limits.ts';
import { protocolVersion } from '../../../../lib/git/protocol-version.ts';
import { advertiseReceivePack, receivePack } from '../../../../lib/git/receive-pack/receive-pack.ts';
import { advertiseUploadPack, uploadPack } from '../../../../lib/git/upload-pack/upload-pack.ts';
import { KeptPacks } from '../../../../lib/git/upload-pack/kept-packs.ts';
import type { MemoryRepository } from './memory-repository.ts';

const agent = 'assay/test';

/** So little memory that tests of ordinary size reach the file behind it. */
const openSpool = () => new FileSpool(tmpdir(), 20_000);

/** The smallest HTTP around lib/git: just what gitprotocol-http(5) asks of a smart server. */
export class GitServer {
  readonly #server: Server;
  readonly #repository: MemoryRepository;
  limits: PackLimits = DEFAULT_PACK_LIMITS;
  /** Every pack that is asked for again is kept, so that all tests say whether that is seen. */
  readonly #packs = new KeptPacks({ folder: tmpdir(), bytes: 100_000_000, leastObjects: 1 });
  /** What clients asked for: method, path, version of the protocol. */
  readonly requests: string[] = [];
  /** What a log would tell. */
  readonly faults: string[] = [];

  private constructor(repository: MemoryRepository) {
    this.#repository = repository;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(repository: MemoryRepository): Promise<GitServer> {
    const server = new GitServer(repository);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/repo.git`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#packs.close();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const version = protocolVersion(request.headers['git-protocol'] as string | undefined);
    this.requests.push(`${request.method} ${url.pathname}${url.search} v${version}`);
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
    const service = url.searchParams.get('service') ?? url.pathname.split('/').at(-1)!;
    const isAdvertisement = url.pathname.endsWith('/info/refs');
    response.setHeader('content-type', `application/x-${service}-${isAdvertisement ? 'advertisement' : 'result'}`);
    await pipeline(Readable.from(this.#answer(service, isAdvertisement, version, body)), response);
  }

  #answer(service: string, isAdvertisement: boolean, version: 0 | 2, body: Readable): AsyncGenerator<Uint8Array> {
    const repository = this.#repository;
    const onFault = (error: Error) => void this.faults.push(error.message);
    if (service === 'git-upload-pack') {
      if (isAdvertisement) return advertiseUploadPack(repository, version, { agent });
      return uploadPack(repository, version, body, { onFault, packs: this.#packs });
    }
    if (isAdvertisement) return advertiseReceivePack(repository, { agent });
    return receivePack(repository, body, { openSpool, limits: this.limits, onFault });
  }
}
