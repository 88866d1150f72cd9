import { conforming } from '../encoding/schema-check.ts';
import { list, named, object, optional, text, type Schema } from '../encoding/schema.ts';
import { OciError } from './oci-error.ts';

/** What a family declares of its tags: patterns, in which `*` stands for any characters, of tags that never move. */
export interface TagRules {
  readonly immutable?: readonly string[];
}

const MAX_PATTERNS = 32;
const PATTERN = text({
  pattern: '^[a-zA-Z0-9_*][a-zA-Z0-9._*-]{0,127}$',
  description: 'a tag pattern: a tag in which * stands for anything',
});
const IMMUTABLE = list(PATTERN, {
  maxItems: MAX_PATTERNS,
  description: `a list of at most ${MAX_PATTERNS} tag patterns`,
});

export const TAG_RULES: Schema<TagRules> = named(
  'TagRules',
  object<TagRules>({ immutable: optional(IMMUTABLE) }, { additionalProperties: false }),
);

export function isImmutable(rules: TagRules, tag: string): boolean {
  return (rules.immutable ?? []).some((pattern) => matches(pattern, tag));
}

/** Checks rules that came from outside. */
export function parseRules(value: unknown): TagRules {
  const { immutable = [] } = conforming(
    TAG_RULES,
    value,
    'a declaration of rules',
    (message) => new OciError('rule-invalid', message),
  );
  return immutable.length === 0 ? {} : { immutable: [...new Set(immutable)] };
}

/** Each part between stars is found at its first place behind the one before, which needs no backtracking. */
function matches(pattern: string, tag: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return tag === pattern;
  if (tag.length < first.length + last.length || !tag.startsWith(first) || !tag.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = tag.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= tag.length - last.length;
}
