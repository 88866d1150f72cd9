import { DefinitionError } from '../definition/definition-error.ts';
import { itemIds } from '../definition/metadata/item-ids.ts';
import type { Versions } from '../definition/versions.ts';
import type { Version } from '../definition/wire.ts';
import type { JsonObject } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Registry } from '../oci/registry.ts';
import { asBuffer } from '../encoding/as-buffer.ts';
import { quoted } from './field-check.ts';
import type { Place } from './place.ts';
import type { Judged } from './review-check.ts';
import type { KeptRecord, RunDefinition, RunRecord } from './wire.ts';

/** What a definition says of its runs: how they are judged, and which variants there are. */
export interface RunRules extends Judged {
  readonly variants: readonly string[] | undefined;
}

/** Finds the definitions that records name, and what those say. */
export class RunDefinitions {
  readonly #versions: Versions;
  readonly #registry: Pick<Registry, 'blobs' | 'content'>;

  constructor(versions: Versions, registry: Pick<Registry, 'blobs' | 'content'>) {
    this.#versions = versions;
    this.#registry = registry;
  }

  /** The record with what its subject's test case stands for now; undefined where that is said to be wrong. */
  async resolved(record: RunRecord, at: Place): Promise<KeptRecord | undefined> {
    const { testCase, version: ref, digest } = record.subject;
    const place = at.in('subject');
    if (ref === undefined && digest === undefined) {
      place.in('version').add('is missing, and so is digest: one of them says which version was run');
      return undefined;
    }
    const byDigest = digest === undefined ? undefined : await this.#find(testCase, 'digest', digest, place);
    const byRef = ref === undefined ? undefined : await this.#find(testCase, 'version', ref, place);
    const found = byRef ?? byDigest;
    if (found === undefined || place.faults.length > 0) return undefined;
    if (byDigest !== undefined && byDigest.digest !== found.digest)
      place.in('digest').add(`is that of ${byDigest.version}, and ${quoted(ref ?? '')} is ${found.digest}`);
    if (found.kind !== 'test-case') place.in('testCase').add(`is not a test case but a ${found.kind}`);
    const definition = { family: found.family, version: found.version, digest: found.digest };
    if (record.definition !== undefined && !isSameDefinition(record.definition, definition))
      at.in('definition').add(`is not ${found.family} ${found.version} ${found.digest}, which the subject names`);
    return { ...record, definition: { ...record.definition, ...definition } };
  }

  async rules({ family, digest }: RunDefinition): Promise<RunRules> {
    const { config } = await this.#versions.resolve(family, digest);
    const metadata = await this.#metadata(family, config.digest);
    const items = [itemIds(metadata, 'review'), itemIds(metadata, 'review_items')].filter((ids) => ids !== undefined);
    return {
      domains: itemIds(metadata, 'domains'),
      items: items.length === 0 ? undefined : items.flat(),
      variants: itemIds(metadata, 'variants'),
    };
  }

  async #metadata(family: string, config: Sha256): Promise<JsonObject> {
    const blob = await this.#registry.blobs.find(family, config);
    if (blob.place === 'tree') throw new Error(`the metadata ${config} of ${family} is a tree`);
    return JSON.parse(asBuffer(await this.#registry.content.readAll(blob)).toString('utf8')) as JsonObject;
  }

  async #find(family: string, field: string, ref: string, at: Place): Promise<Version | undefined> {
    try {
      return await this.#versions.resolve(family, ref);
    } catch (error) {
      if (!(error instanceof DefinitionError) && !(error instanceof OciError)) throw error;
      at.in(error instanceof OciError ? 'testCase' : field).add(`names nothing that is published: ${error.message}`);
      return undefined;
    }
  }
}

export function checkVariant({ subject }: RunRecord, { variants }: RunRules, at: Place): void {
  if (subject.variant === undefined || variants?.includes(subject.variant) !== false) return;
  const shown = variants.slice(0, 20).map(quoted).join(', ');
  at.in('subject', 'variant').add(`is not among the variants of the definition: ${shown}`);
}

/** Whether two records say the same of what was run, so that the one's definition is the other's. */
export function nameSameDefinition(a: RunRecord, b: RunRecord): boolean {
  return (['testCase', 'version', 'digest'] as const).every((name) => a.subject[name] === b.subject[name]);
}

function isSameDefinition(a: RunDefinition, b: RunDefinition): boolean {
  return a.family === b.family && a.version === b.version && a.digest === b.digest;
}
