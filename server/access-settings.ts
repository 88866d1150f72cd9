import { isIP } from 'node:net';
import { LOOPBACK, type AddressRange } from './proxies.ts';
import { WrongSetting } from './wrong-setting.ts';

const MAX_LISTED = 256;

/** Host names with commas between them: `assay.example.org`, `*.example.org`, or `*` for any. */
export function parseHostNames(text: string): readonly string[] {
  return wordsOf(text).map((name) => {
    if (name === '*' || (name.length <= 255 && /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i.test(name))) return name;
    throw new WrongSetting('host names like assay.example.org or *.example.org, without ports, commas between them');
  });
}

/** Addresses and ranges with commas between them: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`, or the word `loopback`. */
export function parseAddressRanges(text: string): readonly AddressRange[] {
  return wordsOf(text).flatMap((word) => (word === 'loopback' ? LOOPBACK : [addressRange(word)]));
}

/** RFC 9110, 5.1. An empty text stands for none. */
export function parseHeaderName(text: string): string | undefined {
  if (text === '') return undefined;
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(text)) return text;
  throw new WrongSetting('the name of a header like Tailscale-User-Login');
}

export function parseCount(text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) > 0) return Number(text);
  throw new WrongSetting('a number from 1');
}

function addressRange(word: string): AddressRange {
  const [, address = '', said] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(word) ?? [];
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  const bits = said === undefined ? most : Number(said);
  if (most > 0 && bits > 0 && bits <= most) return { address, bits };
  throw new WrongSetting('addresses and ranges like 10.0.0.7 or 10.0.0.0/8, or loopback, commas between them');
}

function wordsOf(text: string): string[] {
  const words = text === '' ? [] : text.split(',').map((word) => word.trim());
  if (words.length > MAX_LISTED) throw new WrongSetting(`at most ${MAX_LISTED} of them`);
  return words;
}
