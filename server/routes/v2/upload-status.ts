import { checkFamily } from '../../../lib/oci/name.ts';
import type { Route } from '../route.ts';
import { inProgress } from './upload-answers.ts';
import { UPLOAD } from './paths.ts';

/** end-13: how far an upload has come. */
export const uploadStatus: Route = {
  name: 'upload-status',
  method: 'GET',
  path: UPLOAD,
  async handle(ctx, { registry }, [family = '', id = '']) {
    const size = await registry.uploads.size(checkFamily(family), id);
    inProgress(ctx, 204, family, id, size);
  },
};
