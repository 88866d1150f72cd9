import { ClientError } from './client-error.ts';
import type { LockedDefinition } from './lock-file.ts';
import type { Reference } from './reference.ts';
import { resolveRef, type ResolvePlace } from './resolve-ref.ts';

export interface LockChange {
  readonly family: string;
  readonly ref: string;
  /** Absent of what is new. */
  readonly from?: LockedDefinition;
  readonly to: LockedDefinition;
}

export interface Locked {
  readonly definitions: readonly LockedDefinition[];
  readonly changes: readonly LockChange[];
}

/** Asks what refs name now: those that are given, which join the others, or all that are locked. */
export async function lock(
  before: readonly LockedDefinition[],
  refs: readonly Reference[],
  place: ResolvePlace,
): Promise<Locked> {
  const definitions = new Map(before.map((one) => [nameOf(one), one]));
  const changes: LockChange[] = [];
  for (const of of refs.length === 0 ? before : refs) {
    const to = await locked({ family: of.family, ref: of.ref }, place);
    const from = definitions.get(nameOf(of));
    if (from?.version === of.ref && from.digest !== to.digest) throw versionChanged(from, to);
    definitions.set(nameOf(of), to);
    if (from?.digest === to.digest && from.version === to.version && from.tree === to.tree) continue;
    changes.push({ family: of.family, ref: of.ref, to, ...(from === undefined ? {} : { from }) });
  }
  return { definitions: [...definitions.values()], changes };
}

/** What the lock file says of a family, which may be there with more than one ref. */
export function lockedAs(definitions: readonly LockedDefinition[], family: string, ref?: string): LockedDefinition {
  const found = definitions.filter((one) => one.family === family && (ref === undefined || one.ref === ref));
  const [first, second] = found;
  const name = ref === undefined ? family : `${family}@${ref}`;
  if (first === undefined)
    throw new ClientError('bad-lock', `the lock file does not have ${name}; assay lock ${name} adds it`);
  if (second === undefined || found.every(({ digest }) => digest === first.digest)) return first;
  throw new ClientError('bad-lock', `${family} is locked as ${found.map((one) => one.ref).join(' and ')}; say which`);
}

async function locked(of: Reference, place: ResolvePlace): Promise<LockedDefinition> {
  const { version, digest, tree } = await resolveRef(of, place);
  if (version === undefined || tree === undefined)
    throw new ClientError('not-cached', `which version ${of.family}@${of.ref} is, only a server can tell`);
  return { ...of, version, digest, tree };
}

function versionChanged(from: LockedDefinition, to: LockedDefinition): ClientError {
  const name = `${from.family}@${from.version}`;
  return new ClientError(
    'version-changed',
    `${name} is locked at ${from.digest}, and the server has ${to.digest} now; versions never change`,
  );
}

function nameOf({ family, ref }: Reference): string {
  return `${family}@${ref}`;
}
