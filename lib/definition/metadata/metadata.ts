import type { JsonObject } from '../../encoding/canonical-json.ts';
import type { Kind } from '../wire.ts';

/** The file that makes a folder a definition, and tells its kind. */
export const METADATA_FILES: Readonly<Record<Kind, string>> = {
  'test-case': 'test-case.toml',
  container: 'container.toml',
};

/** What the metadata file of a version says. */
export interface Metadata {
  readonly kind: Kind;
  /** All of the file, known or not: as canonical JSON it is the config of the version's OCI manifest. */
  readonly config: JsonObject;
  readonly name?: string;
  readonly family?: string;
  /** With its `v`, however the file writes it. */
  readonly version?: string;
}
