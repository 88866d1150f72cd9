import { entriesIn } from '../../log/tiles.ts';
import { tilePath, type TileName } from '../../log/tile.ts';
import { parseVerifierKey, type VerifierKey } from '../../log/verifier-key.ts';
import type { InclusionFile } from '../../log/inclusion-file.ts';
import { parseInclusion } from '../../log/inclusion-file.ts';
import type { LogKeys } from '../../log/log-keys.ts';
import { ClientError } from '../client-error.ts';
import type { Transport } from '../transport.ts';

const MAX_NOTE_BYTES = 64 * 1024;
const MAX_TILE_BYTES = 256 * 32;
const MAX_BUNDLE_BYTES = 256 * (2 + 65_535);
const MAX_PROOF_BYTES = 1024 * 1024;

/** A log as it is served: what comes is bytes, and believed by nobody yet. */
export class LogReader {
  readonly #transport: Transport;
  readonly #signal: AbortSignal | undefined;

  constructor(transport: Transport, signal?: AbortSignal) {
    this.#transport = transport;
    this.#signal = signal;
  }

  async checkpoint(): Promise<string> {
    return (await this.#bytes('/log/checkpoint', MAX_NOTE_BYTES)).toString('utf8');
  }

  /** The key that the server itself names. */
  async verifier(): Promise<VerifierKey> {
    return parseVerifierKey((await this.#bytes('/log/key', MAX_NOTE_BYTES)).toString('utf8').trim());
  }

  /** The keys that signed before, as the server names them. */
  async formerVerifiers(): Promise<VerifierKey[]> {
    const { before } = (await this.#transport.json('GET', '/log/keys', { signal: this.#signal })) as LogKeys;
    return before.map(({ verifier }) => parseVerifierKey(verifier));
  }

  tile(name: TileName): Promise<Buffer> {
    return this.#bytes(`/log/tile/${tilePath(name)}`, MAX_TILE_BYTES);
  }

  async entries(index: number, width: number): Promise<Buffer[]> {
    const path = `/log/tile/${tilePath({ level: 'entries', index, width })}`;
    return entriesIn(await this.#bytes(path, MAX_BUNDLE_BYTES), width);
  }

  /** An entry with its proof. Nothing of it is checked but its shape. */
  async inclusion(index: number): Promise<InclusionFile> {
    return parseInclusion((await this.#bytes(`/api/v1/log/proof?index=${index}`, MAX_PROOF_BYTES)).toString('utf8'));
  }

  /** The place of the entry by which a run was published, as the server says. */
  async placeOfRun(id: string): Promise<number> {
    const path = `/api/v1/runs/${encodeURIComponent(id)}`;
    const { index } = (await this.#transport.json('GET', path, { signal: this.#signal })) as { index?: unknown };
    if (typeof index === 'number' && Number.isSafeInteger(index) && index >= 0) return index;
    throw new ClientError('bad-answer', `the server does not say where in the log the run ${id} is`);
  }

  #bytes(path: string, limit: number): Promise<Buffer> {
    return this.#transport.bytes('GET', path, limit, { signal: this.#signal });
  }
}
