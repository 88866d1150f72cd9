import type { Sha256 } from '../encoding/digest.ts';
import type { DefinitionFact } from '../log/entry.ts';
import type { Body, BodySource, FileSource, ListedFile, LogSource, Owner, Sources } from './sources.ts';

/** The same sources; whatever a render asks for in vain is told, and whose it is. */
export class WatchedSources implements BodySource, FileSource, Sources {
  readonly log: LogSource;
  readonly bodies = this;
  readonly files = this;
  readonly #sources: Sources;
  readonly #onAbsent: (owner: Owner, what: string) => void;

  constructor(sources: Sources, onAbsent: (owner: Owner, what: string) => void) {
    this.log = sources.log;
    this.#sources = sources;
    this.#onAbsent = onAbsent;
  }

  async open(digest: Sha256, owner: Owner): Promise<Body | undefined> {
    const body = await this.#sources.bodies.open(digest, owner);
    if (body === undefined) this.#onAbsent(owner, digest);
    return body;
  }

  async list(definition: DefinitionFact): Promise<readonly ListedFile[] | undefined> {
    const files = await this.#sources.files.list(definition);
    const { family, version } = definition;
    if (files === undefined) this.#onAbsent({ family, version }, 'the list of its files');
    return files;
  }
}
