import { isAlgorithm } from '../../../lib/encoding/digest.ts';
import { checkDigest, checkFamily, isFamily } from '../../../lib/oci/name.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { bodyOf } from '../../body.ts';
import { first } from '../../query.ts';
import type { Route } from '../route.ts';
import { created, inProgress } from './upload-answers.ts';
import { UPLOADS } from './paths.ts';

/** end-4 and end-11: begins an upload, or has done with it at once by a whole body or a blob that is here already. */
export const uploadStart: Route = {
  name: 'upload-start',
  method: 'POST',
  path: UPLOADS,
  work: 'upload',
  async handle(ctx, app, [name = '']) {
    const { uploads, blobs } = app.registry;
    const family = checkFamily(name);
    const algorithm = first(ctx.query, 'digest-algorithm');
    if (algorithm !== undefined && !isAlgorithm(algorithm)) {
      throw new OciError('digest-unsupported', `digests are sha256 or sha512, not ${algorithm.slice(0, 40)}`);
    }
    const mount = first(ctx.query, 'mount');
    if (mount !== undefined) {
      const digest = checkDigest(mount);
      const from = first(ctx.query, 'from') || undefined;
      const mounted = (from === undefined || isFamily(from)) && (await blobs.mount(family, digest, from));
      if (mounted) return created(ctx, family, digest);
    }
    const whole = first(ctx.query, 'digest');
    if (whole !== undefined) {
      const digest = checkDigest(whole);
      await uploads.receive(family, digest, bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs));
      return created(ctx, family, digest);
    }
    return inProgress(ctx, 202, family, await uploads.start(family), 0);
  },
};
