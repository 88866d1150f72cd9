import { checkFamily } from '../../../lib/oci/name.ts';
import { bodyOf } from '../../body.ts';
import type { Route } from '../route.ts';
import { chunkPlace, inProgress } from './upload-answers.ts';
import { UPLOAD } from './paths.ts';

/** end-5: more of an upload. */
export const uploadChunk: Route = {
  name: 'upload-chunk',
  method: 'PATCH',
  path: UPLOAD,
  work: 'upload',
  async handle(ctx, app, [name = '', id = '']) {
    const family = checkFamily(name);
    const size = await app.registry.uploads.append(
      family,
      id,
      chunkPlace(ctx),
      bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs),
    );
    inProgress(ctx, 202, family, id, size);
  },
};
