import { deflateSync } from 'node:zlib';
import { Definitions } from '../../lib/definition/definitions.ts';
import { DEFAULT_PACK_LIMITS } from '../../lib/git/pack-limits.ts';
import { FileSpool } from '../../lib/git/file-spool.ts';
import { tmpdir } from 'node:os';
import { sha256 } from '../../lib/encoding/digest.ts';
import { encodeCommit } from '../../lib/git/commit.ts';
import { Quarantine, type PackedObject } from '../../lib/git/quarantine.ts';
import type { ObjectType } from '../../lib/git/object-type.ts';
import { hashObject, type Oid } from '../../lib/git/oid.ts';
import type { PushBatch, RefUpdate } from '../../lib/git/receive-pack/push-target.ts';
import type { Spool } from '../../lib/git/spool.ts';
import type { StoredRepository } from '../../lib/git/stored/stored-repository.ts';
import { encodeTree } from '../../lib/git/tree.ts';
import type { Registry, Stores } from '../../lib/oci/registry.ts';

/** Who pushes in tests. */
export const SOMEBODY = { address: '127.0.0.1', name: 'Somebody' };

function openSpool(): FileSpool {
  return new FileSpool(tmpdir());
}

export function definitionsOn(stores: Stores, registry: Registry, now: () => number = Date.now): Definitions {
  return new Definitions(stores.keys, registry, { now, openSpool, limits: DEFAULT_PACK_LIMITS });
}

/** Objects as a push brings them, without the push. */
export class Parcel {
  readonly #bytes: Uint8Array[] = [];
  #size = 0;
  readonly quarantine = new Quarantine(this.#spool(), this.#spool());

  add(type: ObjectType, content: Buffer, digest = sha256(content), oid = hashObject(type, content)): Oid {
    const body = deflateSync(content);
    const { length, size } = { length: body.length, size: content.length };
    this.quarantine.add({ oid, type, size, digest, encoding: 'zlib', made: false, at: this.#size, length });
    this.#bytes.push(body);
    this.#size += length;
    return oid;
  }

  /** A commit of files on a parent, or on none. */
  commit(
    files: Readonly<Record<string, Buffer>>,
    parents: readonly Oid[] = [],
    message = 'a commit\n',
    seconds = 1_600_000_000,
  ): Oid {
    const entries = Object.entries(files).map(([name, content]) => ({
      mode: 0o100644,
      name,
      oid: this.add('blob', content),
    }));
    const tree = this.add('tree', encodeTree(entries));
    const ident = { name: 'A', email: 'a@example.com', seconds, zone: '+0000' };
    return this.add('commit', encodeCommit({ tree, parents, author: ident, committer: ident, extra: [], message }));
  }

  batch(...updates: RefUpdate[]): PushBatch {
    return {
      standing: undefined,
      updates,
      objects: [...this.quarantine.objects()] as PackedObject[],
      source: this.quarantine,
    };
  }

  #spool(): Spool {
    return {
      size: 0,
      append: () => Promise.resolve(),
      read: (at, length) => Promise.resolve(Buffer.concat(this.#bytes).subarray(at, at + length)),
      close: () => Promise.resolve(),
    };
  }
}

export async function valueOf(repository: StoredRepository, name: string): Promise<Oid | null> {
  const { refs } = await repository.refs.list();
  return refs.find((ref) => ref.name === name)?.oid ?? null;
}
