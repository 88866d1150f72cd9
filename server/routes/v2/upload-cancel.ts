import { checkFamily } from '../../../lib/oci/name.ts';
import type { Route } from '../route.ts';
import { UPLOAD } from './paths.ts';

/** end-14: forgets an upload. */
export const uploadCancel: Route = {
  name: 'upload-cancel',
  method: 'DELETE',
  path: UPLOAD,
  async handle(ctx, { registry }, [family = '', id = '']) {
    await registry.uploads.cancel(checkFamily(family), id);
    ctx.status = 204;
  },
};
