import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import type { PinChange } from '../../../lib/definition/pins.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { answerEmpty } from '../../empty-answer.ts';
import { jsonBody } from '../../json-body.ts';
import { first } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { PIN, PINS } from './paths.ts';

const MAX_PIN_BYTES = 64 * 1024;

export const pins: Route = {
  name: 'pins',
  method: 'GET',
  path: PINS,
  async handle(ctx, { definitions }, [family = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = { pins: await definitions.pins.list(checkFamily(family)) };
  },
};

/** Where a pin stands, and each move that brought it there. */
export const pin: Route = {
  name: 'pin',
  method: 'GET',
  path: PIN,
  async handle(ctx, { definitions }, [family = '', name = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.pins.history(checkFamily(family), name);
  },
};

/** Makes or moves a pin; with `expect` only from where that says. */
export const pinPut: Route = {
  name: 'pin-put',
  method: 'PUT',
  path: PIN,
  async handle(ctx, app, [family = '', name = '']) {
    const change = parseChange(await jsonBody(ctx, app, MAX_PIN_BYTES, 'a pin'));
    ctx.body = await app.definitions.pins.change(checkFamily(family), name, change, actorOf(ctx, app.identities));
  },
};

export const pinDelete: Route = {
  name: 'pin-delete',
  method: 'DELETE',
  path: PIN,
  async handle(ctx, app, [family = '', name = '']) {
    const change = { to: null, expect: first(ctx.query, 'expect'), note: first(ctx.query, 'note') };
    await app.definitions.pins.change(checkFamily(family), name, change, actorOf(ctx, app.identities));
    answerEmpty(ctx, 204);
  },
};

function parseChange(value: unknown): PinChange {
  if (typeof value !== 'object' || value === null) throw invalid('a pin is a JSON object');
  const { to, expect, note } = value as Record<string, unknown>;
  if (typeof to !== 'string') throw invalid('to is a version, a digest or another pin');
  if (expect !== undefined && expect !== null && typeof expect !== 'string')
    throw invalid('expect is a digest or null');
  if (note !== undefined && typeof note !== 'string') throw invalid('note is text');
  return { to, expect, note };
}

function invalid(message: string): DefinitionError {
  return new DefinitionError('pin-invalid', message);
}
