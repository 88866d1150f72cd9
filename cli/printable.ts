/**
 * Text from elsewhere, as names of files and what a server says, without what moves a terminal or turns the direction of
 * writing around. Lines stay.
 */
export function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?');
}

/** The same for what is to stay on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '?');
}
