import { integer, list, named, object, oneOf, text, type Schema } from '../encoding/schema.ts';
import { INCLUSION_FORMAT, type InclusionFile } from './inclusion-file.ts';

export const INCLUSION_FILE: Schema<InclusionFile> = named(
  'InclusionFile',
  object<InclusionFile>({
    format: oneOf(INCLUSION_FORMAT),
    index: integer({ minimum: 0 }),
    entry: text({ description: "the entry's bytes as text" }),
    proof: list(text({ description: 'a hash in base64' })),
    checkpoint: text({ description: 'a signed note' }),
    verifier: text({ description: "the log's verifier key, as the server says" }),
  }),
  'an entry with all that it takes to check, without any server, that the log holds it',
);
