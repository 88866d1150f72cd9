import { setImmediate } from 'node:timers/promises';
import type { Entry, KeyedStore } from '../../store/keyed-store.ts';
import { refsOf } from '../../store/key-ranges.ts';
import { refKey, refOfKey } from '../../store/keys.ts';
import { StoreError } from '../../store/store-error.ts';
import type { Ref, RefList, Refs } from '../refs.ts';
import { decodeRef } from './ref-record.ts';

const PAGE = 1000;
const MAX_TRIES = 20;
const HEAD = 'refs/heads/main';
const OTHER_HEADS = ['refs/heads/master', 'refs/heads/trunk'];

/** The refs of one family's Git repository. */
export class StoredRefs implements Refs {
  readonly #keys: KeyedStore;
  readonly #family: string;

  constructor(keys: KeyedStore, family: string) {
    this.#keys = keys;
    this.#family = family;
  }

  async list(): Promise<RefList> {
    return (await this.snapshot()).list;
  }

  /** All refs, and the value of the mark that every change of them renews; undefined where there never was one. */
  async snapshot(): Promise<{ readonly mark: Uint8Array | undefined; readonly list: RefList }> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const [mark, ...entries] = await this.#entries();
      if (entries.length >= PAGE - 1 && (mark === undefined || !(await this.#isStill(mark)))) continue;
      const refs = entries.map(({ key, value }): Ref => ({ name: refOfKey(key), ...decodeRef(value) }));
      return { mark: mark?.value, list: { refs, head: headOf(refs.map(({ name }) => name)) } };
    }
    throw new StoreError('busy', 'the refs changed each time that they were read');
  }

  /** The mark and the refs behind it: of one moment if they are one page, or if the mark is still the same afterwards. */
  async #entries(): Promise<Entry[]> {
    let { start, end } = refsOf(this.#family);
    const entries: Entry[] = [];
    for (;;) {
      const page = await this.#keys.list({ start, end, limit: PAGE });
      entries.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return entries;
      start = Buffer.concat([last.key, Buffer.alloc(1)]);
      // An embedded store answers without a turn of the event loop.
      await setImmediate();
    }
  }

  async #isStill(mark: Entry): Promise<boolean> {
    const now = await this.#keys.get(refKey(this.#family, ''));
    return now !== undefined && Buffer.compare(now, mark.value) === 0;
  }
}

/** What a clone checks out: `main`, or where there is none what seems to stand for it. */
function headOf(names: readonly string[]): string {
  const branches = names.filter((name) => name.startsWith('refs/heads/') && !name.startsWith('refs/heads/pins/'));
  if (branches.length === 0 || branches.includes(HEAD)) return HEAD;
  return OTHER_HEADS.find((name) => branches.includes(name)) ?? branches[0]!;
}
