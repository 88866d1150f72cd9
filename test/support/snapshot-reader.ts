import type { Sha256 } from '../../lib/encoding/digest.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { parsePointer } from '../../lib/publication/pointer.ts';
import type { Target } from '../../lib/publication/target.ts';

const HEX = /^[0-9a-f]{64}$/;

/** Follows the pointer to all that a snapshot leads to, over and over, and remembers what it should never see. */
export class SnapshotReader {
  readonly #target: Target;
  readonly #whole = new Set<Sha256>();
  readonly wrong: string[] = [];
  views = 0;
  publication = 0;
  #size = 0;
  /** A rollback shows fewer entries, with a later publication. */
  mayShrink = false;
  #ended = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(target: Target) {
    this.#target = target;
  }

  start(): void {
    this.#reading = this.#readOn();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#reading;
  }

  /** One view: how many entries it shows; 0 where nothing is published. */
  async look(): Promise<number> {
    const read = await this.#target.pointer();
    if (read === undefined) {
      if (this.publication > 0) this.wrong.push('the pointer is gone');
      return 0;
    }
    const { publication, size, snapshot } = parsePointer(read.bytes);
    if (publication < this.publication) this.wrong.push(`publication ${publication} after ${this.publication}`);
    if (size < this.#size && !this.mayShrink) this.wrong.push(`${size} entries after ${this.#size}`);
    this.publication = publication;
    this.#size = size;
    const root = await this.#object(snapshot);
    if (root === undefined) this.wrong.push(`publication ${publication} has no root`);
    else await this.#follow(root);
    this.views += 1;
    return size;
  }

  async #readOn(): Promise<void> {
    while (!this.#ended) {
      await this.look().catch((error: unknown) => this.wrong.push(String(error)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Documents name each other with their size beside; digests of bodies that are no objects have none. */
  async #follow(bytes: Uint8Array): Promise<void> {
    for (const digest of refsIn(bytes)) {
      if (this.#whole.has(digest)) continue;
      const found = await this.#object(digest);
      if (found === undefined) this.wrong.push(`${digest} is missing`);
      else await this.#follow(found);
      this.#whole.add(digest);
    }
  }

  async #object(digest: Sha256): Promise<Uint8Array | undefined> {
    const bytes = await this.#target.read(digest);
    if (bytes !== undefined && sha256(Buffer.from(bytes)) !== digest) this.wrong.push(`${digest} is torn`);
    return bytes;
  }
}

function refsIn(bytes: Uint8Array): Sha256[] {
  const text = Buffer.from(bytes).toString('utf8');
  if (!text.startsWith('{')) return [];
  try {
    return [...linksIn(JSON.parse(text))];
  } catch {
    return [];
  }
}

function* linksIn(value: unknown): Generator<Sha256> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    // The short form: hex and size.
    const [hex, bytes] = value as unknown[];
    if (typeof hex === 'string' && HEX.test(hex) && typeof bytes === 'number') yield `sha256:${hex}`;
  }
  const { digest, size } = value as { digest?: unknown; size?: unknown };
  const keys = Object.keys(value);
  if (typeof digest === 'string' && typeof size === 'number' && keys.length === 2) yield digest as Sha256;
  for (const inner of Object.values(value)) yield* linksIn(inner);
}
