import { parseTOML, type AST } from 'toml-eslint-parser';
import { lineEnd, tomlMarks } from './toml-marks.ts';
import { trailTo, type Place, type Step, type Trail } from './toml-node.ts';

/** Where in a text an error is that keeps it from being read, and to which key it belongs, as far as that can be told. */
export function syntaxPlace(text: string, offset: number): Place {
  const statement = statementAt(text, offset);
  const at = Math.min(statement.missing ?? offset, Math.max(text.trimEnd().length - 1, 0));
  const lines = text.slice(0, at).split('\n');
  return { line: lines.length, column: lines.at(-1)!.length + 1, trail: trailOf(text, statement) };
}

/** A header, or a key with its value; it ends with its line, but not within brackets. */
interface Statement {
  readonly start: number;
  equals?: number;
  /** Where a value should stand: the parser only says so at the next thing that it finds. */
  missing?: number;
}

function statementAt(text: string, offset: number): Statement {
  let statement: Statement = { start: 0 };
  let depth = 0;
  for (const { kind, start } of tomlMarks(text)) {
    if (kind === '\n' && start >= offset) break;
    if (kind === '=' && depth === 0) statement.equals ??= start;
    if (kind === '=' && start < offset && endsLine(text, start + 1)) return { ...statement, missing: start };
    if (kind === '[' || kind === '{') depth += 1;
    else if (kind === ']' || kind === '}') depth -= 1;
    else if (kind === '\n' && depth === 0) statement = { start: start + 1 };
  }
  return statement;
}

function endsLine(text: string, start: number): boolean {
  return /^[ \t\r]*(?:#|$)/.test(text.slice(start, lineEnd(text, start)));
}

/** What stands before the statement is TOML, and so is its key; a header stands alone, so that none comes twice. */
function trailOf(text: string, { start, equals }: Statement): Trail | undefined {
  const steps =
    equals === undefined
      ? headerSteps(text.slice(start, lineEnd(text, start)))
      : [...(lastTable(text.slice(0, start))?.resolvedKey ?? []), ...headerSteps(`[${text.slice(start, equals)}]`)];
  let trail: Trail | undefined;
  for (const step of steps) trail = trailTo(trail, step);
  return trail;
}

function headerSteps(header: string): readonly Step[] {
  return lastTable(header)?.resolvedKey.filter((step) => typeof step === 'string') ?? [];
}

function lastTable(text: string): AST.TOMLTable | undefined {
  try {
    return parseTOML(text, { tomlVersion: '1.0' }).body[0].body.findLast((node) => node.type === 'TOMLTable');
  } catch {
    return undefined;
  }
}
