import { TREE_DIFFERENCE } from '../../../lib/definition/schemas.ts';
import { text } from '../../../lib/encoding/schema.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import type { Parameter } from '../../openapi/described.ts';
import { asked } from '../../openapi/parameters.ts';
import { RequestError } from '../../request-error.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { DIFF } from './paths.ts';

const REFERENCE = {
  schema: text({ pattern: '@', description: '<family>@<version, pin or digest>' }),
  needed: true,
  refuse: (message) => new RequestError('reference-invalid', message),
} satisfies Omit<Parameter<string>, 'says'>;
const QUERY = {
  from: { ...REFERENCE, says: 'the version that is compared' },
  to: { ...REFERENCE, says: 'the version that it is compared with' },
} as const;

export const diff: Route = {
  name: 'diff',
  method: 'GET',
  path: DIFF,
  api: {
    summary: 'What differs between the files of two versions, of one family or of two',
    query: QUERY,
    answers: {
      200: { says: 'the paths that differ, at most 1,000 of them, and how many there are', json: TREE_DIFFERENCE },
    },
    refuses: ['name-invalid', 'name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, { definitions }) {
    const { from, to } = asked(ctx, QUERY);
    const [one, other] = [referenceIn(from), referenceIn(to)];
    const versions = definitions.versions;
    ctx.set('Cache-Control', REVALIDATE);
    ctx.body = await definitions.difference(
      await versions.resolve(one.family, one.ref),
      await versions.resolve(other.family, other.ref),
    );
  },
};

function referenceIn(text: string): { family: string; ref: string } {
  const at = text.indexOf('@');
  return { family: checkFamily(text.slice(0, at)), ref: text.slice(at + 1) };
}
