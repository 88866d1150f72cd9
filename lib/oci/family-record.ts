import type { TagRules } from './tag-rules.ts';

/** What a family may hold at most; what is not said is not limited. */
export interface Quota {
  readonly bytes?: number;
  readonly versions?: number;
}

/** The value under a family's key: all that is declared of it. */
export interface FamilyRecord extends TagRules {
  readonly quota?: Quota;
}

/** A quota as the API tells it, with what is used of it. */
export interface QuotaAnswer {
  readonly bytes: number | null;
  readonly versions: number | null;
  readonly used: { readonly bytes: number; readonly versions: number };
}
