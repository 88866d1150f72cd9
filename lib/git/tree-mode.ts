import type { ObjectType } from './object-type.ts';

/** The five modes that Git writes; any other is a historic accident or an attack. */
export const MODE_TREE = 0o040000;
export const MODE_FILE = 0o100644;
export const MODE_EXECUTABLE = 0o100755;
export const MODE_SYMLINK = 0o120000;
export const MODE_SUBMODULE = 0o160000;

export type TreeMode =
  typeof MODE_TREE | typeof MODE_FILE | typeof MODE_EXECUTABLE | typeof MODE_SYMLINK | typeof MODE_SUBMODULE;

/** The type of the object that an entry of this mode points at. */
export function typeOfMode(mode: number): ObjectType {
  if (mode === MODE_TREE) return 'tree';
  return mode === MODE_SUBMODULE ? 'commit' : 'blob';
}
