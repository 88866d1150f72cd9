import { actorOf } from '../../actor.ts';
import { answerEmpty } from '../../empty-answer.ts';
import { checkDigest, checkFamily } from '../../../lib/oci/name.ts';
import type { Route } from '../route.ts';
import { BLOB } from './paths.ts';

/** end-10: the repository has the blob no longer. */
export const blobDelete: Route = {
  name: 'blob-delete',
  method: 'DELETE',
  path: BLOB,
  alsoAnswered: ['GET'],
  async handle(ctx, { registry, identities }, [family = '', digest = '']) {
    await registry.blobs.remove(checkFamily(family), checkDigest(digest), actorOf(ctx, identities));
    answerEmpty(ctx, 202);
  },
};
