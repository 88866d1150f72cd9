import type { Audit } from '../audit/audit.ts';
import { Breather } from '../git/breather.ts';
import { GitError } from '../git/error.ts';
import type { ObjectSource } from '../git/object-source.ts';
import { parseCommit } from '../git/commit.ts';
import { readContent } from '../git/object-content.ts';
import type { Oid } from '../git/oid.ts';
import type { RefUpdate } from '../git/receive-pack/push-target.ts';
import type { RefList } from '../git/refs.ts';
import type { RefPolicy } from '../git/stored/ref-policy.ts';
import { isAncestor } from '../git/walk/ancestry.ts';
import type { CommitGraph } from '../git/walk/commit-graph.ts';
import { peel } from '../git/walk/peel.ts';
import type { Families } from '../oci/families.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Quotas } from '../oci/quotas.ts';
import { isImmutable, type TagRules } from '../oci/tag-rules.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { Plan } from '../store/plan.ts';
import type { Events } from './events.ts';
import { DefinitionError } from './definition-error.ts';
import { kindOfTree, type Edition } from './edition.ts';
import { kindMismatch, wholeOf, type Editions, type Whole } from './editions.ts';
import { planNeed } from './removal.ts';
import { isVersion } from './version-name.ts';
import type { Actor } from './wire.ts';

const TAGS = 'refs/tags/';
const MAIN = 'refs/heads/main';
const PINS = 'refs/heads/pins';
/** The audit tells of so many refs of one push by name. */
const MAX_TOLD_REFS = 20;

/** A version that a push of its tag publishes. */
interface Pushed {
  readonly whole: Whole;
  readonly commit: Oid;
}

export interface PolicyParts {
  readonly keys: KeyedStore;
  readonly families: Families;
  readonly editions: Editions;
  readonly events: Events;
  readonly quotas: Quotas;
  readonly audit: Audit;
}

/**
 * What a push may do to a family, for one push. Its tag rules hold for Git tags as well, its pins are nobody's to push, the tag of a
 * version never moves, and a new one publishes what it tags, if that is a definition.
 */
export class FamilyRefPolicy implements RefPolicy {
  readonly #parts: PolicyParts;
  readonly #family: string;
  readonly #by: Actor;
  readonly #pushed = new Map<string, Pushed>();

  constructor(parts: PolicyParts, family: string, by: Actor) {
    this.#parts = parts;
    this.#family = family;
    this.#by = by;
  }

  async refuse(update: RefUpdate, objects: ObjectSource): Promise<string | undefined> {
    const why = refusal(await this.#parts.families.plan(this.#family, new Plan()), update);
    if (why !== undefined) return why;
    const version = versionOf(update);
    if (version === undefined || update.to === null || update.from !== null) return undefined;
    try {
      await planNeed(this.#parts.keys, this.#family, version, new Plan());
      await this.#prepare(version, update.to, objects);
      return undefined;
    } catch (error) {
      if (error instanceof DefinitionError) return error.message;
      throw error;
    }
  }

  /**
   * The first version, and each one after it that was made on top of `main`, is also where `main` goes. Tags of one push
   * come by their names, which may not be the order in which they were made.
   */
  async entail(updates: readonly RefUpdate[], { refs }: RefList, graph: CommitGraph): Promise<RefUpdate[]> {
    if (updates.some(({ name }) => isMain(name)) || refs.some(({ name }) => name.startsWith(`${MAIN}/`))) return [];
    const from = refs.find(({ name }) => name === MAIN)?.oid ?? null;
    let main = from;
    for (const { name } of updates) {
      const commit = this.#pushed.get(name)?.commit;
      if (commit === undefined || commit === main) continue;
      if (main === null || (await isAncestor(graph, main, commit, new Breather()))) main = commit;
    }
    return main === from ? [] : [{ name: MAIN, from, to: main }];
  }

  async admit(bytes: number): Promise<void> {
    await this.#parts.quotas.admitTo(this.#family, bytes).catch((error: unknown) => {
      throw error instanceof OciError ? new GitError('limit-exceeded', error.message, { cause: error }) : error;
    });
  }

  async plan(updates: readonly RefUpdate[], plan: Plan): Promise<void> {
    const rules = await this.#parts.families.plan(this.#family, plan, 'rules');
    for (const update of updates) {
      const why = refusal(rules, update);
      if (why !== undefined) throw new GitError('ref-refused', why);
      await this.#planName(update, plan);
      const pushed = this.#pushed.get(update.name);
      if (pushed !== undefined) await this.#planVersion(pushed, plan);
    }
    const detail = { refs: updates.slice(0, MAX_TOLD_REFS), of: updates.length };
    this.#parts.audit.plan({ action: 'git-pushed', by: this.#by, family: this.#family, detail }, plan);
  }

  /** The tag of a version that was removed is not set again. */
  async #planName(update: RefUpdate, plan: Plan): Promise<void> {
    const version = versionOf(update);
    if (version === undefined || update.to === null) return;
    await planNeed(this.#parts.keys, this.#family, version, plan).catch((error: unknown) => {
      throw error instanceof DefinitionError ? new GitError('ref-refused', error.message, { cause: error }) : error;
    });
  }

  async committed(): Promise<void> {
    if (this.#pushed.size > 0) await this.#parts.events.announce();
  }

  async #prepare(version: string, target: Oid, objects: ObjectSource): Promise<void> {
    const { oid: commit, type } = await peel(objects, target);
    if (type !== 'commit') return;
    const { tree } = parseCommit((await readContent(objects, commit)).content);
    if ((await kindOfTree(objects, tree)) === undefined) return;
    const edition = await this.#parts.editions.prepare(
      { family: this.#family, version, tree },
      objects,
      new Breather(),
    );
    this.#checkNames(edition);
    const whole = wholeOf(edition);
    await this.#parts.editions.checkKind(edition);
    this.#checkSameKind(edition);
    await this.#parts.editions.checkTag(whole);
    this.#pushed.set(TAGS + version, { whole, commit });
  }

  /** Nobody says with a push that the metadata is to be overruled, so a contradiction is a mistake: a wrong tag, or a wrong remote. */
  #checkNames({ version, metadata }: Edition): void {
    if ((metadata.version ?? version) !== version) {
      throw new DefinitionError(
        'definition-invalid',
        `the metadata says ${metadata.version}, and the tag is ${version}`,
      );
    }
    if ((metadata.family ?? this.#family) !== this.#family) {
      const message = `the metadata says that it is of ${metadata.family}, and this is ${this.#family}`;
      throw new DefinitionError('definition-invalid', message);
    }
  }

  /** What comes in one push is not stored yet when the kind of a family is looked up. */
  #checkSameKind({ family, kind }: Edition): void {
    for (const { whole } of this.#pushed.values()) {
      if (whole.edition.kind !== kind) throw kindMismatch(family, whole.edition.kind, kind);
    }
  }

  async #planVersion({ whole, commit }: Pushed, plan: Plan): Promise<void> {
    try {
      const circumstances = { commit, by: this.#by, with: 'git push' as const, source: {} };
      await this.#parts.editions.plan(whole, circumstances, plan);
    } catch (error) {
      const isRefusal = error instanceof DefinitionError || error instanceof OciError;
      throw isRefusal ? new GitError('ref-refused', error.message, { cause: error }) : error;
    }
  }
}

function refusal(rules: TagRules, update: RefUpdate): string | undefined {
  const { name, from, to } = update;
  if (name === PINS || name.startsWith(`${PINS}/`)) return `${PINS}/ holds the pins of operators, and takes no push`;
  if (!name.startsWith(TAGS) || from === null || from === to) return undefined;
  const tag = name.slice(TAGS.length);
  const isOfVersion = versionOf(update) !== undefined;
  if (!isOfVersion && !isImmutable(rules, tag)) return undefined;
  const instead = to === null ? 'and cannot be deleted' : `and cannot move to ${to}`;
  const why = isOfVersion ? 'is a version, and versions are immutable' : 'is declared immutable';
  return `${tag} ${why}: it names ${from} ${instead}`;
}

function isMain(name: string): boolean {
  return name === MAIN || name.startsWith(`${MAIN}/`);
}

function versionOf({ name }: RefUpdate): string | undefined {
  if (!name.startsWith(TAGS)) return undefined;
  const tag = name.slice(TAGS.length);
  return isVersion(tag) ? tag : undefined;
}
