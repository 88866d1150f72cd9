import type { Target } from '../../lib/publication/target.ts';

/** A target that does some things otherwise. */
export function wrappedTarget(real: Target, changed: Partial<Target>): Target {
  return {
    put: (object, freshMs, signal) => real.put(object, freshMs, signal),
    read: (digest, signal) => real.read(digest, signal),
    open: (digest, signal) => real.open(digest, signal),
    pointer: (signal) => real.pointer(signal),
    swap: (bytes, mark, signal) => real.swap(bytes, mark, signal),
    list: (signal) => real.list(signal),
    remove: (name, signal) => real.remove(name, signal),
    ...changed,
  };
}
