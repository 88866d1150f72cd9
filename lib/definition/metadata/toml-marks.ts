/** A character that gives TOML its structure, a whole string or a whole comment, with where it begins and ends. */
export interface Mark {
  readonly kind: '[' | ']' | '{' | '}' | ',' | '=' | '.' | '\n' | 'string' | 'comment';
  readonly start: number;
  readonly end: number;
}

const MARK = /[[\]{},=.\n"'#]/gu;

/** The marks of a text, up to its first syntax error; behind that they mean little. Strings and comments hide theirs. */
export function* tomlMarks(text: string): Generator<Mark> {
  const mark = new RegExp(MARK);
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const start = match.index;
    const found = match[0];
    if (found === '#') {
      mark.lastIndex = lineEnd(text, start);
      yield { kind: 'comment', start, end: mark.lastIndex };
    } else if (found === '"' || found === "'") {
      mark.lastIndex = stringEnd(text, start, found);
      yield { kind: 'string', start, end: mark.lastIndex };
    } else {
      yield { kind: found as Mark['kind'], start, end: start + 1 };
    }
  }
}

export function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end;
}

function stringEnd(text: string, start: number, quote: string): number {
  const isLong = text.startsWith(quote.repeat(3), start);
  const closing = isLong ? quote.repeat(3) : quote;
  for (let at = start + closing.length; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\' && quote === '"') at += 1;
    else if (character === '\n' && !isLong) return at;
    else if (character === quote && text.startsWith(closing, at)) return isLong ? lastQuote(text, at, quote) : at + 1;
  }
  return text.length;
}

/** One or two quotes may stand right before the three that end a long string. */
function lastQuote(text: string, closing: number, quote: string): number {
  let end = closing + 3;
  while (end < closing + 5 && text[end] === quote) end += 1;
  return end;
}
