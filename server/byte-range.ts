import type { ByteRange } from '../lib/store/blob-store.ts';

/**
 * The one range of a Range header: undefined where the header asks for several, for other units or is malformed, so
 * that the whole is sent (RFC 9110, 14.2), and 'unsatisfiable' where nothing of it is there or it ends before it begins.
 */
export function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header);
  const [, first = '', last = ''] = found ?? [];
  if (found === null || (first === '' && last === '')) return undefined;
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return start >= Math.min(end, size) ? 'unsatisfiable' : { start, end };
}

function suffix(length: number, size: number): ByteRange | 'unsatisfiable' {
  if (length === 0 || size === 0) return 'unsatisfiable';
  return { start: Math.max(0, size - length), end: size };
}
