/** The line, from 1, of a place in a text. */
export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Lines on which the objects begin that stand in a list of the outermost object. The text is sound JSON. */
export function linesOfEntries(text: string): number[] {
  const lines: number[] = [];
  let depth = 0;
  let line = 1;
  // A text in quotes counts as one thing, whatever brackets are in it.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]\n]/gsu)) {
    if (token === '\n') line += 1;
    if (token === '{' && depth === 2) lines.push(line);
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
  }
  return lines;
}
