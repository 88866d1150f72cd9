import { checkDigest, checkFamily } from '../../../lib/oci/name.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { bodyOf } from '../../body.ts';
import { first } from '../../query.ts';
import type { Route } from '../route.ts';
import { chunkPlace, created } from './upload-answers.ts';
import { UPLOAD } from './paths.ts';

/** end-6: the last of an upload, and the digest of the whole. */
export const uploadFinish: Route = {
  name: 'upload-finish',
  method: 'PUT',
  path: UPLOAD,
  work: 'upload',
  async handle(ctx, app, [name = '', id = '']) {
    const family = checkFamily(name);
    const text = first(ctx.query, 'digest');
    if (text === undefined)
      throw new OciError('digest-invalid', 'the closing request names the digest: ?digest=sha256:…');
    const digest = checkDigest(text);
    await app.registry.uploads.finish(family, id, digest, chunkPlace(ctx), bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs));
    created(ctx, family, digest);
  },
};
