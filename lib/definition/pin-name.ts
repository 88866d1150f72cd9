import { versionNamed } from './version-name.ts';

const PIN = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/**
 * A pin is at once the Git ref `refs/heads/pins/<pin>` and an OCI tag, so its name is one that both take, and never
 * one that may be meant as a version, with or without its `v`: a version cannot move.
 */
export function isPin(text: string): boolean {
  if (!PIN.test(text) || versionNamed(text) !== undefined) return false;
  return !text.includes('..') && !text.endsWith('.') && !text.endsWith('.lock');
}
