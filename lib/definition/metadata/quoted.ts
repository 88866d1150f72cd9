const LONGEST = 100;
// eslint-disable-next-line no-control-regex
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** What an author wrote, for a message: in quotes, and cut. */
export function quoted(text: string): string {
  return printable(JSON.stringify(cut(text, LONGEST)));
}

/** Without what would steer a terminal. */
export function printable(text: string): string {
  return text.replace(STEERING, '?');
}

/** Never in the middle of a character. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest).replace(/[\ud800-\udbff]$/u, '')}…`;
}
