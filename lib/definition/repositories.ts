import { StoredRepository } from '../git/stored/stored-repository.ts';
import type { Families } from '../oci/families.ts';
import { OciError } from '../oci/oci-error.ts';
import type { ContentStore } from '../store/content-store.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { FamilyRefPolicy } from './family-ref-policy.ts';

/** The families as Git repositories. */
export class Repositories {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #families: Families;

  constructor(keys: KeyedStore, content: ContentStore, families: Families) {
    this.#keys = keys;
    this.#content = content;
    this.#families = families;
  }

  /** For reading: a family that nothing was ever pushed to has no repository. */
  async find(family: string): Promise<StoredRepository> {
    if (await this.#families.exists(family)) return this.open(family);
    throw new OciError('name-unknown', `there is no repository ${family}`, { name: family });
  }

  /** For writing: the first push makes the family. */
  open(family: string): StoredRepository {
    return new StoredRepository(this.#keys, this.#content, family, new FamilyRefPolicy(this.#families, family));
  }
}
