import { canonicalJson } from '../encoding/canonical-json.ts';
import { sha256, type Sha256 } from '../encoding/digest.ts';
import type { DefinitionFact } from '../log/entry.ts';
import { bodyWrong } from './content-rendering.ts';
import { stateOf, type Ref } from './objects.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { Snapshot } from './snapshot.ts';
import type { Body, BodySource, FileSource, ListedFile, LogSource, Owner, Sources } from './sources.ts';
import type { Content, RunDocument, Shown } from './wire.ts';

/** Told of a body that is not what the log names: where it stands, and what is wrong. */
export type OnWrong = (owner: Owner, what: string) => void;

/**
 * A snapshot as the source of a render: all that an auditor has. What was scrubbed is taken as it is, since nobody can
 * tell from it what it was. A body that is not of its digest ends the render, or is told and then taken for erased.
 */
export class SnapshotSources implements LogSource, BodySource, FileSource, Sources {
  readonly log = this;
  readonly bodies = this;
  readonly files = this;
  readonly #snapshot: Snapshot;
  /** The run that was asked for last: its bodies are asked for one after the other. */
  #run: { readonly id: string; readonly found: RunDocument | undefined } | undefined;
  /** Of the version that was asked for last: its files are asked for one after the other. */
  #version: { readonly name: string; readonly found: ReadonlyMap<Sha256, Found> } | undefined;

  readonly #onWrong: OnWrong | undefined;
  /** Bodies that stand for others. */
  scrubbed = 0;

  constructor(snapshot: Snapshot, onWrong?: OnWrong) {
    this.#snapshot = snapshot;
    this.#onWrong = onWrong;
  }

  entries(from: number, to: number): AsyncIterable<Uint8Array> {
    return this.#snapshot.entries(from, to);
  }

  async open(digest: Sha256, owner: Owner): Promise<Body | undefined> {
    try {
      const body = await this.#find(digest, owner);
      if (body?.scrubbed !== undefined || body?.withheld === true) this.scrubbed += 1;
      return body;
    } catch (error) {
      if (this.#onWrong === undefined || !(error instanceof SnapshotError)) throw error;
      this.#onWrong(owner, error.message);
      return undefined;
    }
  }

  async #find(digest: Sha256, owner: Owner): Promise<Body | undefined> {
    const found = 'run' in owner ? await this.#inRun(owner.run, digest) : await this.#inVersion(owner, digest);
    if (found === undefined || found.state === 'erased') return undefined;
    if ('body' in found) {
      const bytes = canonicalJson(found.body);
      if (found.scrubbed === undefined && sha256(bytes) !== digest) throw bodyWrong(digest);
      return bodyOf(bytes.length, () => once(bytes), found.scrubbed);
    }
    if (!('object' in found)) return { size: 0, read: nothing, withheld: true };
    return this.#object(found, digest);
  }

  async #object(found: Extract<Content, { object: Ref }>, digest: Sha256): Promise<Body> {
    const { object } = found;
    if (found.state === 'shown' && object.digest !== digest) throw bodyWrong(digest);
    // Where all that is wrong is to be told, nothing may fail halfway.
    const isAsked = this.#onWrong !== undefined;
    if (isAsked && (await stateOf(this.#snapshot.objects, object)) === 'wrong') throw bodyWrong(object.digest);
    const pieces = await this.#snapshot.objects.open(object.digest);
    if (pieces === undefined) throw new SnapshotError('object-missing', `the snapshot has no object ${object.digest}`);
    return bodyOf(object.size, () => pieces, found.state === 'scrubbed' ? found.scrubbed : undefined);
  }

  async list({ family, version }: DefinitionFact): Promise<readonly ListedFile[] | undefined> {
    const document = await this.#snapshot.version(family, version);
    if (document?.files === undefined) return undefined;
    const files: ListedFile[] = [];
    for await (const file of this.#snapshot.files(document)) {
      if (file.scrubbed !== undefined) this.scrubbed += 1;
      files.push(file);
    }
    return files;
  }

  async #inRun(id: string, digest: Sha256): Promise<Found | undefined> {
    if (this.#run?.id !== id) this.#run = { id, found: await this.#snapshot.run(id) };
    const run = this.#run.found;
    if (run === undefined) return undefined;
    const reviews = (run.reviews ?? []).flatMap(({ history }) => history.map(({ review }) => review));
    const body = [run.record, ...reviews].find((one) => one?.digest === digest);
    return body ?? run.media?.find((media) => media.digest === digest)?.content;
  }

  async #inVersion(owner: { family: string; version: string }, digest: Sha256): Promise<Found | undefined> {
    const name = `${owner.family} ${owner.version}`;
    if (this.#version?.name !== name) this.#version = { name, found: await this.#versionBodies(owner) };
    return this.#version.found.get(digest);
  }

  async #versionBodies({ family, version }: { family: string; version: string }): Promise<Map<Sha256, Found>> {
    const bodies = new Map<Sha256, Found>();
    const document = await this.#snapshot.version(family, version);
    if (document === undefined) return bodies;
    for await (const { digest, content } of this.#snapshot.files(document)) {
      if (content !== undefined) bodies.set(digest, content);
    }
    return bodies.set(document.config.digest, document.config);
  }
}

type Found = Shown | Content;

function bodyOf(size: number, read: () => AsyncIterable<Uint8Array>, scrubbed: Body['scrubbed']): Body {
  return { size, read, ...(scrubbed === undefined ? {} : { scrubbed }) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
