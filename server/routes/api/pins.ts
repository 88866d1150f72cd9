import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import { ANY_DIGEST, NOTE, PIN as ONE, PIN_HISTORY, PIN_LIST, PIN_REQUEST } from '../../../lib/definition/schemas.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { answerEmpty } from '../../empty-answer.ts';
import { checkedBody } from '../../json-body.ts';
import { asked } from '../../openapi/parameters.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { PIN, PINS } from './paths.ts';

function invalid(message: string): DefinitionError {
  return new DefinitionError('pin-invalid', message);
}

const TAKES = { schema: PIN_REQUEST, what: 'a pin', maxBytes: 64 * 1024, refuse: invalid };
const QUERY = {
  expect: { schema: ANY_DIGEST, says: 'the digest at which the pin must stand', refuse: invalid },
  note: { schema: NOTE, says: 'why it is removed', refuse: invalid },
};

export const pins: Route = {
  name: 'pins',
  method: 'GET',
  path: PINS,
  api: {
    summary: 'The pins of a family',
    answers: { 200: { says: 'the pins', json: PIN_LIST } },
    refuses: ['name-unknown'],
  },
  async handle(ctx, { definitions }, [family = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = { pins: await definitions.pins.list(checkFamily(family)) };
  },
};

export const pin: Route = {
  name: 'pin',
  method: 'GET',
  path: PIN,
  api: {
    summary: 'Where a pin stands, and each move that brought it there',
    answers: { 200: { says: 'the pin and its history', json: PIN_HISTORY } },
    refuses: ['name-unknown', 'pin-unknown'],
  },
  async handle(ctx, { definitions }, [family = '', name = '']) {
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.pins.history(checkFamily(family), name);
  },
};

export const pinPut: Route = {
  name: 'pin-put',
  method: 'PUT',
  path: PIN,
  api: {
    summary: 'Makes or moves a pin; with expect only from where that says',
    more: 'expect is the digest at which the pin must stand now, or null where it must not be there.',
    takes: TAKES,
    answers: { 200: { says: 'the pin as it stands now', json: ONE } },
    refuses: ['name-taken', 'name-unknown', 'pin-moved', 'secret-found', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', name = '']) {
    const change = await checkedBody(ctx, app, TAKES);
    ctx.body = await app.definitions.pins.change(checkFamily(family), name, change, actorOf(ctx, app.identities));
  },
};

export const pinDelete: Route = {
  name: 'pin-delete',
  method: 'DELETE',
  path: PIN,
  api: {
    summary: 'Removes a pin; its history stays',
    query: QUERY,
    answers: { 204: { says: 'it is removed' } },
    refuses: ['name-taken', 'name-unknown', 'pin-moved', 'pin-unknown', 'secret-found'],
  },
  async handle(ctx, app, [family = '', name = '']) {
    const change = { to: null, ...asked(ctx, QUERY) };
    await app.definitions.pins.change(checkFamily(family), name, change, actorOf(ctx, app.identities));
    answerEmpty(ctx, 204);
  },
};
