import { StoreError } from '../store-error.ts';

/** No connection could be had, so that nothing was sent. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Classes of SQLSTATE after which the connection, and with it the outcome, is in doubt: connection, shutdown, system, internal. */
const IN_DOUBT = /^(?:08|57P|58|F0|XX)/;
/** Undone by the database for the sake of others: serialization, deadlock, lock not available, no memory for locks. */
const WORTH_REPEATING = new Set(['40001', '40P01', '55P03', '53200']);
/** The database is not reached, is full of clients, starts, stops, or is a standby that has not taken over yet. */
const AWAY = /^(?:08|57P0[1235]|53300|25006)/;
const ADVICE = 'Is it running there, and does it let this machine connect?';
const CANCELLED = '57014';

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return SQLSTATE.test(error.code) && 'severity' in error ? error.code : undefined;
}

export function hasState(error: unknown, state: string): boolean {
  return sqlStateOf(error) === state;
}

/** Whether the database said that it made nothing of what was asked. */
export function isRolledBack(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !IN_DOUBT.test(state);
}

/** Whether the same, asked again at once, may well succeed. */
export function isWorthRepeating(error: unknown): boolean {
  return WORTH_REPEATING.has(sqlStateOf(error) ?? '');
}

/** Whether the database may be back in a moment, as after a restart: everything that is not its answer is taken for that. */
export function isAway(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  const cause = error instanceof NotConnected ? error.cause : error;
  const state = sqlStateOf(cause);
  return state === undefined ? !isUnusable(cause) : AWAY.test(state);
}

/** What waiting does not mend: the server's certificate is refused, or it speaks no TLS where TLS is asked for. */
function isUnusable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /CERT|^ERR_(?:TLS|SSL|INVALID)/.test(code) || /SSL|SASL|SCRAM|password must be/i.test(error.message);
}

/** As a StoreError. `name` is the database as people may see it; what the driver said is kept as cause. */
export function postgresError(error: unknown, name: string): StoreError {
  if (error instanceof StoreError) return error;
  const cause = error instanceof NotConnected ? error.cause : error;
  const state = sqlStateOf(cause);
  if (state === '53100') return new StoreError('full', `${name} has no room left`, { cause });
  if (state === '25006') return new StoreError('busy', `${name} takes no writes: it is a standby`, { cause });
  if (state === '53300') return new StoreError('busy', `${name} has no connection left for Assay`, { cause });
  if (isAway(error))
    return new StoreError('busy', `${name} cannot be reached: ${reasonOf(cause)}. ${ADVICE}`, { cause });
  if (isWorthRepeating(cause) || state === CANCELLED)
    return new StoreError('busy', `${name} is held up by others`, { cause });
  return new StoreError('failed', `${name} ${refusalOf(state, reasonOf(cause))}`, { cause });
}

function refusalOf(state: string | undefined, reason: string): string {
  if (state?.startsWith('28') === true) return `does not let Assay in; check user and password (${reason})`;
  if (/password must be/.test(reason)) return 'asks for a password; give it in the URL, in PGPASSWORD or in PGPASSFILE';
  if (state === '3D000') return `is not there; make it with createdb (${reason})`;
  if (state === '42501') return `forbids what Assay needs; make its user the owner of the database (${reason})`;
  return `failed: ${reason}`;
}
/** An attempt at several addresses says nothing itself; its parts do. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
