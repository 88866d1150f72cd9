import { conforming } from '../encoding/schema-check.ts';
import { isWellFormed } from '../encoding/well-formed.ts';
import { commitUntilHeld } from '../store/commit-until-held.ts';
import { decodeJson, encodeJson } from '../store/json-value.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { statementsKey } from '../store/keys.ts';
import { Plan } from '../store/plan.ts';
import { DefinitionError } from './definition-error.ts';
import type { Events } from './events.ts';
import { planNeed } from './removal.ts';
import { STATEMENT_REQUEST, type StatementRequest } from './schemas.ts';
import type { StatementsRecord } from './version-record.ts';
import type { Versions } from './versions.ts';
import type { Actor, Statement, Version } from './wire.ts';

const MAX_STATEMENTS = 100;

/** What is said of versions after they were published. */
export class Statements {
  readonly #keys: KeyedStore;
  readonly #versions: Versions;
  readonly #events: Events;

  constructor(keys: KeyedStore, versions: Versions, events: Events) {
    this.#keys = keys;
    this.#versions = versions;
    this.#events = events;
  }

  async add(family: string, ref: string, statement: unknown, by: Actor): Promise<Version> {
    const { kind, text } = parseStatement(statement);
    const { version } = await this.#versions.resolve(family, ref);
    const key = statementsKey(family, version);
    await commitUntilHeld(this.#keys, async () => {
      const value = await this.#keys.get(key);
      const old = value === undefined ? [] : decodeJson<StatementsRecord>(value).statements;
      checkFits(old, kind, version);
      const plan = new Plan().check({ key, value });
      await planNeed(this.#keys, family, version, plan);
      const at = await this.#events.plan(family, { what: kind, version, text }, by, plan);
      const record: StatementsRecord = { statements: [...old, { kind, text, at, by }] };
      return { commit: plan.put({ key, value: encodeJson(record) }).commit, result: undefined };
    });
    await this.#events.announce();
    return this.#versions.resolve(family, version);
  }
}

function parseStatement(value: unknown): StatementRequest {
  const { kind, text } = conforming(STATEMENT_REQUEST, value, 'a statement', invalid);
  if (!isWellFormed(text)) throw invalid('text holds half of a surrogate pair');
  return { kind, text: text.trim() };
}

function checkFits(old: readonly Statement[], kind: Statement['kind'], version: string): void {
  // Whatever was said before, that a version is not to be used can be said.
  if (old.length >= MAX_STATEMENTS && kind !== 'retired')
    throw invalid(`${version} has ${MAX_STATEMENTS} statements, and takes no more`);
  const isRetired = old.findLast((one) => one.kind !== 'erratum')?.kind === 'retired';
  if (kind === 'retired' && isRetired) throw invalid(`${version} is retired already`);
  if (kind === 'restored' && !isRetired) throw invalid(`${version} is not retired`);
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('statement-invalid', message);
}
