import { randomUUID } from 'node:crypto';
import type { Sha256 } from '../encoding/digest.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { Entry, KeyedStore } from '../store/keyed-store.ts';
import { uploadKey } from '../store/keys.ts';
import { OciError } from './oci-error.ts';

/** What is kept of an upload while it is open. How much has arrived is the staged size. */
export interface UploadSession {
  readonly family: string;
  readonly started: number;
  /** The process that wrote to it last. */
  readonly writer?: string;
  /** More than one process has written to it, so that one may still be writing when another has done. */
  readonly shared?: true;
  /** All of it has arrived and has become this blob, or is about to: then the blob is where its bytes are. */
  readonly arrived?: { readonly content: Sha256; readonly size: number };
}

export interface OpenSession extends Entry {
  readonly session: UploadSession;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The sessions of uploads, each changed only by who has seen it as it is. */
export class UploadSessions {
  readonly #keys: KeyedStore;
  readonly #writer = randomUUID();

  constructor(keys: KeyedStore) {
    this.#keys = keys;
  }

  async open(family: string, now: number): Promise<string> {
    const id = randomUUID();
    const session: UploadSession = { family, started: now };
    await this.#keys.commit({ puts: [{ key: uploadKey(id), value: encodeJson(session) }] });
    return id;
  }

  async find(family: string, id: string): Promise<OpenSession> {
    const key = uploadKey(id);
    const value = UUID.test(id) ? await this.#keys.get(key) : undefined;
    const session = value === undefined ? undefined : decodeJson<UploadSession>(value);
    if (value === undefined || session?.family !== family) throw unknownUpload(id);
    return { key, value, session };
  }

  /** Notes that this process is going to write, which ends the right of any other. */
  async claim(open: OpenSession, id: string): Promise<OpenSession> {
    const { writer } = open.session;
    if (writer === this.#writer) return open;
    const change = writer === undefined ? {} : { shared: true as const };
    return this.#change(open, id, { ...open.session, writer: this.#writer, ...change });
  }

  /** Throws where somebody else has claimed or ended the upload since. */
  async checkStillMine(open: OpenSession, id: string): Promise<void> {
    const value = await this.#keys.get(open.key);
    if (value === undefined) throw unknownUpload(id);
    if (Buffer.compare(value, open.value) !== 0) throw taken(id);
  }

  async noteArrival(open: OpenSession, id: string, content: Sha256, size: number): Promise<OpenSession> {
    return this.#change(open, id, { ...open.session, arrived: { content, size } });
  }

  /** Ends a session; false where somebody else has changed or ended it. */
  end(open: OpenSession): Promise<boolean> {
    return this.#keys.commit({ checks: [open], deletes: [open.key] });
  }

  async #change({ key, value }: OpenSession, id: string, session: UploadSession): Promise<OpenSession> {
    const changed = { key, value: encodeJson(session) };
    if (await this.#keys.commit({ checks: [{ key, value }], puts: [changed] })) return { ...changed, session };
    if ((await this.#keys.get(key)) === undefined) throw unknownUpload(id);
    throw taken(id);
  }
}

export function unknownUpload(id: string): OciError {
  return new OciError('upload-unknown', 'there is no such upload: it ended, was cancelled or has expired', {
    id: id.slice(0, 100),
  });
}

function taken(id: string): OciError {
  return new OciError('upload-busy', 'another request is writing to this upload', { id });
}
