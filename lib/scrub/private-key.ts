const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g;

/** What a key is made of: its header lines, base64, and line ends that a string of JSON or of a program writes as `\n`. */
const BODY = /[A-Za-z0-9+/=\s\\:.,()<>@-]*/y;

const END = /-----END (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY(?: BLOCK)?-----/;

/** Takes private keys out, also one that is cut off: all that could be of it goes then. */
export function takeOutKeys(text: string, mark: () => string): string {
  if (!text.includes('PRIVATE KEY')) return text;
  let left = '';
  let at = 0;
  for (let begin = next(text, at); begin !== undefined; begin = next(text, at)) {
    left += text.slice(at, begin.start) + mark();
    BODY.lastIndex = begin.end;
    const body = BODY.exec(text)?.[0] ?? '';
    const end = END.exec(body);
    at = begin.end + (end === null ? body.length : end.index + end[0].length);
  }
  return left + text.slice(at);
}

function next(text: string, from: number): { readonly start: number; readonly end: number } | undefined {
  BEGIN.lastIndex = from;
  const found = BEGIN.exec(text);
  return found === null ? undefined : { start: found.index, end: BEGIN.lastIndex };
}
