import type { Context } from 'koa';
import { parsePublishRequest } from '../../../lib/definition/publish-request.ts';
import { PUBLISHED, PUBLISH_REQUEST } from '../../../lib/definition/schemas.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { bodyOf } from '../../body.ts';
import { splitLine } from '../../first-line.ts';
import { parseJson } from '../../json-body.ts';
import { RequestError } from '../../request-error.ts';
import type { Route } from '../route.ts';
import { DEFINITION } from './paths.ts';

/** A line of JSON, and behind it a Git pack of what the family has not. No page of another site can send this type unasked. */
const PUBLISH_TYPE = 'application/vnd.assay.publish.v1';
const MAX_LINE_BYTES = 64 * 1024;

export const publish: Route = {
  name: 'publish',
  method: 'PUT',
  path: DEFINITION,
  work: 'upload',
  api: {
    summary: 'Publishes a tree as a version',
    more: 'ref is the name of the version. Nothing of what is refused is stored, and to send the same again is safe.',
    takes: {
      mediaType: PUBLISH_TYPE,
      says: 'one line of JSON, and behind it a Git pack of the objects that the family has not (nothing, where it has all)',
      holds: PUBLISH_REQUEST,
    },
    answers: {
      200: { says: 'it was just that already', json: PUBLISHED },
      201: { says: 'it is published, and durable', json: PUBLISHED },
    },
    refuses: [
      'bad-object',
      'bad-pack',
      'body-too-large',
      'collision',
      'definition-invalid',
      'delta-base-missing',
      'forbidden-content',
      'image-invalid',
      'json-invalid',
      'kind-mismatch',
      'limit-exceeded',
      'media-type-unsupported',
      'name-taken',
      'object-missing',
      'publish-invalid',
      'quota-exceeded',
      'secret-found',
      'tag-immutable',
      'truncated',
      'version-conflict',
      'version-invalid',
      'version-removed',
    ],
  },
  async handle(ctx, app, [name = '', version = '']) {
    const family = checkFamily(name);
    if (ctx.get('Content-Type') !== PUBLISH_TYPE) {
      throw new RequestError('media-type-unsupported', `this takes a body of type ${PUBLISH_TYPE}`);
    }
    const by = actorOf(ctx, app.identities);
    const body = bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs);
    const { line, rest } = await splitLine(body, MAX_LINE_BYTES);
    const request = parsePublishRequest(parseJson(line));
    const order = { family, version, request, pack: rest, by, signal: whenGone(ctx) };
    const { outcome, version: published } = await app.definitions.publisher.publish(order);
    ctx.status = outcome === 'published' ? 201 : 200;
    ctx.body = { outcome, version: published };
  },
};

/** Nobody waits for the judgement any more when the client has gone. */
function whenGone({ res }: Context): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return gone.signal;
}
