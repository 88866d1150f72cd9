import { actorOf } from '../../actor.ts';
import { answerEmpty } from '../../empty-answer.ts';
import { MAX_MANIFEST_BYTES } from '../../../lib/oci/manifest.ts';
import { checkFamily, checkTag, parseReference } from '../../../lib/oci/name.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { wholeBody } from '../../body.ts';
import { all } from '../../query.ts';
import type { Route } from '../route.ts';
import { MANIFEST, manifestPath } from './paths.ts';

/** end-7: keeps a manifest and names it. */
export const manifestPut: Route = {
  name: 'manifest-put',
  method: 'PUT',
  path: MANIFEST,
  work: 'upload',
  alsoAnswered: ['GET'],
  async handle(ctx, app, [name = '', referenceText = '']) {
    const family = checkFamily(name);
    const reference = parseReference(referenceText);
    const by = actorOf(ctx, app.identities);
    const moreTags = all(ctx.query, 'tag').map(checkTag);
    const bytes = await wholeBody(ctx.req, ctx.res, MAX_MANIFEST_BYTES, app.bodyTimeoutMs, tooLarge);
    const contentType = ctx.get('Content-Type').split(';')[0]?.trim() || undefined;
    const pushed = await app.registry.manifests.push(family, reference, bytes, contentType, moreTags, by);
    answerEmpty(ctx, 201);
    ctx.set('Location', manifestPath(family, pushed.digest));
    ctx.set('Docker-Content-Digest', pushed.digest);
    if (pushed.subject !== undefined) ctx.set('OCI-Subject', pushed.subject);
    if (moreTags.length > 0) ctx.set('OCI-Tag', [...pushed.tags]);
  },
};

function tooLarge(): OciError {
  return new OciError('manifest-too-large', `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`);
}
