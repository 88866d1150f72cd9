import { randomBytes } from 'node:crypto';
import { parseDigest } from '../encoding/digest.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { encodeRef } from '../git/stored/ref-record.ts';
import { familyUnknown } from '../oci/families.ts';
import type { Registry } from '../oci/registry.ts';
import { AGAIN, commitUntilHeld } from '../store/commit-until-held.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import { entriesOf, type KeyedStore } from '../store/keyed-store.ts';
import { eventsOf, pinsOf } from '../store/key-ranges.ts';
import { pinKey, refKey, tagOfKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import { DefinitionError } from './definition-error.ts';
import type { Events } from './events.ts';
import { isPin } from './pin-name.ts';
import { planNeed } from './removal.ts';
import type { PinRecord } from './version-record.ts';
import type { Versions } from './versions.ts';
import type { Actor, FamilyEvent, Pin, PinHistory, PinMove, PinTarget } from './wire.ts';

const MAX_NOTE = 2000;
const NOTHING = Buffer.alloc(0);

/** Where a pin is to go, and where it must stand for that: undefined is anywhere, null is nowhere. */
export interface PinChange {
  readonly to: string | null;
  readonly expect?: string | null | undefined;
  readonly note?: string | undefined;
}

/** Pins: operators' names for versions. Each is an OCI tag and a branch below `pins/` as well, and moves in all dialects at once. */
export class Pins {
  readonly #keys: KeyedStore;
  readonly #registry: Registry;
  readonly #versions: Versions;
  readonly #events: Events;

  constructor(keys: KeyedStore, registry: Registry, versions: Versions, events: Events) {
    this.#keys = keys;
    this.#registry = registry;
    this.#versions = versions;
    this.#events = events;
  }

  async list(family: string): Promise<Pin[]> {
    if (!(await this.#registry.families.exists(family))) throw familyUnknown(family);
    const pins: Pin[] = [];
    for await (const { key, value } of entriesOf(this.#keys, pinsOf(family))) {
      pins.push({ family, pin: tagOfKey(key), ...decodeJson<PinRecord>(value) });
    }
    return pins;
  }

  /** How a pin came to where it stands. A pin that was removed keeps its history. */
  async history(family: string, pin: string): Promise<PinHistory> {
    if (!isPin(pin)) throw await this.#unknown(family, pin);
    const value = await this.#keys.get(pinKey(family, pin));
    const history: PinMove[] = [];
    for await (const entry of entriesOf(this.#keys, eventsOf(family))) {
      const event = decodeJson<FamilyEvent>(entry.value);
      if (event.what !== 'pinned' || event.pin !== pin) continue;
      const { at, by, from, to, note } = event;
      history.unshift({ at, by, from, to, ...(note === undefined ? {} : { note }) });
    }
    if (value === undefined && history.length === 0) throw await this.#unknown(family, pin);
    return { family, pin, current: value === undefined ? null : targetOf(decodeJson<PinRecord>(value)), history };
  }

  /** Moves, makes or (to null) removes a pin, if it stands where it is expected. Undefined once it is removed. */
  async change(family: string, pin: string, change: PinChange, by: Actor): Promise<Pin | undefined> {
    if (!isPin(pin)) throw new DefinitionError('pin-invalid', pinAdvice(pin));
    checkNote(change.note ?? '');
    const expected =
      change.expect === undefined || change.expect === null ? change.expect : checkedDigest(change.expect);
    const changed = await commitUntilHeld<Pin | undefined>(this.#keys, async () => {
      const key = pinKey(family, pin);
      const value = await this.#keys.get(key);
      const old = value === undefined ? undefined : decodeJson<PinRecord>(value);
      if (expected !== undefined && (old?.digest ?? null) !== expected) throw moved(family, pin, old);
      if (old === undefined && change.to === null) throw await this.#unknown(family, pin);
      const target = change.to === null ? undefined : await this.#versions.resolve(family, change.to);
      if (target !== undefined && old?.digest === target.digest) return { result: { family, pin, ...old } };
      const plan = new Plan().check({ key, value });
      const to = target === undefined ? null : { version: target.version, digest: target.digest };
      if (target !== undefined) await planNeed(this.#keys, family, target.version, plan);
      const from = old === undefined ? null : targetOf(old);
      const note = change.note === undefined || change.note === '' ? {} : { note: change.note };
      const at = await this.#events.plan(family, { what: 'pinned', pin, from, to, ...note }, by, plan);
      const taken = await this.#planNames(family, pin, from, target, plan);
      if (taken !== undefined) {
        // The pin was read before its tag. Where somebody has moved both in between, the name is taken by nobody else.
        const now = await this.#keys.get(key);
        if (Buffer.compare(now ?? NOTHING, value ?? NOTHING) !== 0) return AGAIN;
        throw taken;
      }
      if (to === null) return { commit: plan.delete(key).commit, result: undefined };
      const record: PinRecord = { ...to, at, by };
      return { commit: plan.put({ key, value: encodeJson(record) }).commit, result: { family, pin, ...record } };
    });
    await this.#events.announce();
    return changed;
  }

  /** The pin in the other dialects: a tag, and a branch. Answers why it cannot be where the tag is not the pin's. */
  async #planNames(
    family: string,
    pin: string,
    from: PinTarget | null,
    target: { readonly digest: PinTarget['digest']; readonly commit: string } | undefined,
    plan: Plan,
  ): Promise<DefinitionError | undefined> {
    const tag = await this.#registry.tags.find(family, pin);
    if (tag !== undefined && tag !== from?.digest) {
      return new DefinitionError(
        'name-taken',
        `${family} has ${pin} as an OCI tag of ${tag} already; choose another name`,
      );
    }
    this.#registry.tags.planMove(family, pin, tag, target?.digest, plan);
    const ref = refKey(family, `refs/heads/pins/${pin}`);
    plan.check({ key: ref, value: await this.#keys.get(ref) });
    if (target === undefined) plan.delete(ref);
    else plan.put({ key: ref, value: encodeRef({ oid: target.commit, peeled: null }) });
    plan.put({ key: refKey(family, ''), value: randomBytes(16) });
    return undefined;
  }

  async #unknown(family: string, pin: string): Promise<Error> {
    if (!(await this.#registry.families.exists(family))) return familyUnknown(family);
    return new DefinitionError('pin-unknown', `${family} has no pin ${JSON.stringify(pin.slice(0, 150))}`);
  }
}

function targetOf({ version, digest }: PinRecord): PinTarget {
  return { version, digest };
}

/** A note goes into the public log, whose JSON has no half of a surrogate pair. */
function checkNote(note: string): void {
  if (note.length <= MAX_NOTE && isWellFormed(note)) return;
  throw new DefinitionError('pin-invalid', `a note is text of at most ${MAX_NOTE} characters`);
}

function checkedDigest(text: string): string {
  if (parseDigest(text) !== undefined) return text;
  throw new DefinitionError('pin-invalid', 'what is expected is a digest, sha256: and 64 hex digits');
}

function moved(family: string, pin: string, at: PinRecord | undefined): DefinitionError {
  const where = at === undefined ? 'does not exist' : `stands at ${at.version} (${at.digest})`;
  return new DefinitionError('pin-moved', `the pin ${pin} of ${family} ${where}, not where it was expected`, {
    current: at === undefined ? null : targetOf(at),
  });
}

function pinAdvice(pin: string): string {
  const rules = 'lower-case letters, digits, . _ - and at most 100 of them; no version, no .. and no .lock at its end';
  return `${JSON.stringify(pin.slice(0, 150))} is no name for a pin: ${rules}`;
}
