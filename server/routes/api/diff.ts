import { first } from '../../query.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { checkReference, DIFF } from './paths.ts';

/** What differs between the files of two versions, of one family or of two. */
export const diff: Route = {
  name: 'diff',
  method: 'GET',
  path: DIFF,
  async handle(ctx, { definitions }) {
    const from = checkReference(first(ctx.query, 'from'), 'from');
    const to = checkReference(first(ctx.query, 'to'), 'to');
    const versions = definitions.versions;
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.difference(
      await versions.resolve(from.family, from.ref),
      await versions.resolve(to.family, to.ref),
    );
  },
};
