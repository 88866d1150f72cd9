import type { NewAuditEntry } from '../audit/audit-entry.ts';
import type { Audit } from '../audit/audit.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { eventsOf } from '../store/key-ranges.ts';
import { eventKey, numberOfKey, pendingEventKey } from '../store/keys.ts';
import type { Plan } from '../store/plan.ts';
import { secretsFound, secretsIn } from '../scrub/secrets-in.ts';
import { DefinitionError } from './definition-error.ts';
import type { Actor, EventPage, FamilyEvent } from './wire.ts';

/** Distributes over the union, as Omit alone does not. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event before it has its number. */
export type NewEvent = Without<FamilyEvent, 'number' | 'at' | 'by'>;

export interface EventParts {
  readonly keys: KeyedStore;
  readonly now: () => number;
  readonly audit: Audit;
  readonly announce?: (() => Promise<void>) | undefined;
}

/** The key alone says it. */
const PENDING = Buffer.alloc(0);

/** What happened in families, each in one order without gaps. */
export class Events {
  readonly #keys: KeyedStore;
  readonly #now: () => number;
  readonly #audit: Audit;
  /** Resolves when what happened until now is in the public log; to be awaited before anybody is told that it happened. */
  readonly announce: () => Promise<void>;

  constructor({ keys, now, audit, announce = () => Promise.resolve() }: EventParts) {
    this.#keys = keys;
    this.#now = now;
    this.#audit = audit;
    this.announce = announce;
  }

  /** Adds the next event of a family to the plan that makes it happen; returns when that is. */
  async plan(family: string, event: NewEvent, by: Actor, plan: Plan): Promise<string> {
    checkSecrets({ family, by: by.name, ...textsOf(event) });
    const [last] = await this.#keys.list({ ...eventsOf(family), limit: 1, reverse: true });
    let number = last === undefined ? 0 : numberOfKey(last.key) + 1;
    // A push of several tags is one plan.
    while (plan.hasPut(eventKey(family, number))) number += 1;
    const key = eventKey(family, number);
    const now = this.#now();
    const at = new Date(now).toISOString();
    plan.check({ key, value: undefined }).put({ key, value: encodeJson({ at, by, ...event }) });
    plan.put({ key: pendingEventKey(family, number), value: PENDING });
    this.#audit.plan({ action: event.what, by, family, ...told(event) }, plan, now);
    return at;
  }

  /** The newest first, from before the event that `last` names. */
  async page(family: string, last: string | undefined, limit: number): Promise<EventPage> {
    const range = eventsOf(family);
    const end = last === undefined ? range.end : eventKey(family, numberIn(last));
    const entries = await this.#keys.list({ start: range.start, end, limit: limit + 1, reverse: true });
    const events = entries.slice(0, limit).map(({ key, value }) => {
      return { number: numberOfKey(key), ...decodeJson<Without<FamilyEvent, 'number'>>(value) };
    });
    const next = events.at(-1);
    return { events, ...(entries.length > limit && next !== undefined ? { next: String(next.number) } : {}) };
  }
}

/** What the audit says of an event. */
function told(event: NewEvent): Pick<NewAuditEntry, 'subject' | 'detail'> {
  if (event.what === 'pinned') {
    const { what: _what, pin, ...detail } = event;
    return { subject: pin, detail };
  }
  const { what: _what, version, ...detail } = event;
  return { subject: version, detail };
}

/** All that an event says in words; its entry in the public log could not be changed later. */
function textsOf(event: NewEvent): Readonly<Record<string, string | undefined>> {
  if (event.what === 'published') return { version: event.version };
  if (event.what === 'removed') return { version: event.version, reason: event.reason };
  return event.what === 'pinned' ? { pin: event.pin, note: event.note } : { text: event.text };
}

function checkSecrets(texts: Readonly<Record<string, string | undefined>>): void {
  for (const [field, text = ''] of Object.entries(texts)) {
    const kinds = secretsIn(text);
    if (kinds.length > 0)
      throw new DefinitionError('secret-found', `${field} ${secretsFound(kinds)}`, { field, kinds });
  }
}

function numberIn(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new DefinitionError('event-page-invalid', 'last is the number of an event');
}
