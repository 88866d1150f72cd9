/** A piece of a path as a route's pattern has it: as it is, or a place for something to be put in. */
type Piece = string | { readonly hole: true };

/**
 * The paths of a route, made from its pattern: whatever a group captures is a hole. So a route that is new is asked for
 * without anybody having to name its paths here.
 */
export function piecesOf(pattern: RegExp): readonly Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  const source = pattern.source.replace(/^\^/, '').replace(/\$$/, '');
  for (let at = 0; at < source.length;) {
    const char = source[at]!;
    if (char === '(') {
      const end = closing(source, at);
      const inside = source.slice(at + 1, end);
      // Of a choice that is not captured the first.
      if (inside.startsWith('?:')) text += inside.slice(2).split('|')[0];
      else if (!inside.startsWith('?')) {
        pieces.push(text, { hole: true });
        text = '';
      }
      at = end + 1;
    } else if (char === '\\') {
      text += source[at + 1];
      at += 2;
    } else {
      // What may be left out stays in.
      if (char !== '?') text += char;
      at += 1;
    }
  }
  return [...pieces, text];
}

function closing(source: string, from: number): number {
  let depth = 0;
  let inClass = false;
  for (let at = from; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`the pattern ${source} does not end its groups`);
}

export function holesIn(pieces: readonly Piece[]): number {
  return pieces.filter((piece) => typeof piece !== 'string').length;
}

export function filled(pieces: readonly Piece[], words: readonly string[]): string {
  let next = 0;
  return pieces.map((piece) => (typeof piece === 'string' ? piece : (words[next++] ?? ''))).join('');
}
