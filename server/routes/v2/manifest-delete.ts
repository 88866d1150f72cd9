import { actorOf } from '../../actor.ts';
import { answerEmpty } from '../../empty-answer.ts';
import { checkFamily, parseReference } from '../../../lib/oci/name.ts';
import type { Route } from '../route.ts';
import { MANIFEST } from './paths.ts';

/** end-9: by tag, takes the name away and leaves the manifest; by digest, removes the manifest and all its names. */
export const manifestDelete: Route = {
  name: 'manifest-delete',
  method: 'DELETE',
  path: MANIFEST,
  async handle(ctx, { registry, identities }, [name = '', referenceText = '']) {
    const by = actorOf(ctx, identities);
    const family = checkFamily(name);
    const reference = parseReference(referenceText);
    if ('tag' in reference) await registry.tags.remove(family, reference.tag, by);
    else await registry.manifests.remove(family, reference.digest, by);
    answerEmpty(ctx, 202);
  },
};
