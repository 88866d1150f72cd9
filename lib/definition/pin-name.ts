import { text, type Schema } from '../encoding/schema.ts';
import { versionNamed } from './version-name.ts';

const PIN = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** As much of it as a pattern can say. */
export const PIN_NAME: Schema<string> = text({ pattern: PIN.source, description: 'the name of a pin, such as stable' });

/**
 * A pin is at once the Git ref `refs/heads/pins/<pin>` and an OCI tag, so its name is one that both take, and never
 * one that may be meant as a version, with or without its `v`: a version cannot move.
 */
export function isPin(text: string): boolean {
  if (!PIN.test(text) || versionNamed(text) !== undefined) return false;
  return !text.includes('..') && !text.endsWith('.') && !text.endsWith('.lock');
}
