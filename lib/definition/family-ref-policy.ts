import { GitError } from '../git/error.ts';
import type { RefUpdate } from '../git/receive-pack/push-target.ts';
import type { RefPolicy } from '../git/stored/ref-policy.ts';
import type { Families } from '../oci/families.ts';
import { isImmutable, type TagRules } from '../oci/tag-rules.ts';
import { Plan } from '../store/plan.ts';

const TAGS = 'refs/tags/';
const PINS = 'refs/heads/pins';

/** A family's tag rules hold for its Git tags as well, and its pins are nobody's to push. */
export class FamilyRefPolicy implements RefPolicy {
  readonly #families: Families;
  readonly #family: string;

  constructor(families: Families, family: string) {
    this.#families = families;
    this.#family = family;
  }

  async refuse(update: RefUpdate): Promise<string | undefined> {
    return refusal(await this.#families.plan(this.#family, new Plan()), update);
  }

  async plan(updates: readonly RefUpdate[], plan: Plan): Promise<void> {
    const rules = await this.#families.plan(this.#family, plan, 'rules');
    for (const update of updates) {
      const why = refusal(rules, update);
      if (why !== undefined) throw new GitError('ref-refused', why);
    }
  }
}

function refusal(rules: TagRules, { name, from, to }: RefUpdate): string | undefined {
  if (name === PINS || name.startsWith(`${PINS}/`)) return `${PINS}/ holds the pins of operators, and takes no push`;
  if (!name.startsWith(TAGS) || from === null || from === to) return undefined;
  const tag = name.slice(TAGS.length);
  if (!isImmutable(rules, tag)) return undefined;
  const instead = to === null ? 'and cannot be deleted' : `and cannot move to ${to}`;
  return `${tag} is declared immutable: it names ${from} ${instead}`;
}
