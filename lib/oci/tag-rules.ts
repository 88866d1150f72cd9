import { OciError } from './oci-error.ts';

/** What a family declares of its tags: patterns, in which `*` stands for any characters, of tags that never move. */
export interface TagRules {
  readonly immutable?: readonly string[];
}

const PATTERN = /^[a-zA-Z0-9_*][a-zA-Z0-9._*-]{0,127}$/;
const MAX_PATTERNS = 32;

export function isImmutable(rules: TagRules, tag: string): boolean {
  return (rules.immutable ?? []).some((pattern) => matches(pattern, tag));
}

/** Checks rules that came from outside. */
export function parseRules(value: unknown): TagRules {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('the rules are a JSON object');
  const unknown = Object.keys(value).find((key) => key !== 'immutable');
  if (unknown !== undefined) throw invalid(`there is no rule ${JSON.stringify(unknown.slice(0, 80))}`);
  const immutable: unknown = 'immutable' in value ? value.immutable : [];
  if (!Array.isArray(immutable) || immutable.length > MAX_PATTERNS) {
    throw invalid(`immutable is a list of at most ${MAX_PATTERNS} tag patterns`);
  }
  const patterns = immutable.map((pattern: unknown) => {
    if (typeof pattern === 'string' && PATTERN.test(pattern)) return pattern;
    throw invalid(`${JSON.stringify(pattern).slice(0, 150)} is no tag pattern: a tag in which * stands for anything`);
  });
  return patterns.length === 0 ? {} : { immutable: [...new Set(patterns)] };
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

function invalid(message: string): OciError {
  return new OciError('rule-invalid', message);
}
