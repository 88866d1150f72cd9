import { DEFINITION_ANNOTATION } from '../definition/media-types.ts';
import type { Part } from '../definition/wire.ts';
import { isSha256, parseDigest, type Sha256 } from '../encoding/digest.ts';
import { ClientError } from './client-error.ts';

const NAMES = {
  family: 'vnd.assay.family',
  version: 'org.opencontainers.image.version',
  tree: 'vnd.assay.tree',
} as const;

/** Where these bytes are an index: the digest of the manifest in it that is the definition. */
export function definitionEntry(manifest: Uint8Array): Sha256 | undefined {
  const { manifests } = parsed(manifest);
  if (!Array.isArray(manifests)) return undefined;
  const entry = (manifests as { annotations?: Record<string, unknown>; digest?: unknown }[]).find(
    (one) => one?.annotations?.[DEFINITION_ANNOTATION] !== undefined,
  );
  return digestIn(entry?.digest);
}

/** The one layer: the canonical tar of the definition's files. */
export function layerOf(manifest: Uint8Array): Part {
  const { layers } = parsed(manifest);
  const layer = (Array.isArray(layers) ? layers[0] : undefined) as { digest?: unknown; size?: unknown } | undefined;
  const digest = digestIn(layer?.digest);
  if (typeof layer?.size !== 'number') throw notOurs();
  return { digest, size: layer.size };
}

/** What a manifest says that it is. Where it says nothing, it was not published by a server that we know. */
export interface ManifestNames {
  readonly family?: string;
  readonly version?: string;
  readonly tree?: string;
}

export function namesIn(manifest: Uint8Array): ManifestNames {
  const { annotations } = parsed(manifest);
  const said = (typeof annotations === 'object' && annotations !== null ? annotations : {}) as Record<string, unknown>;
  const names = Object.entries(NAMES).map(([name, key]) => [name, said[key]] as const);
  return Object.fromEntries(names.filter(([, value]) => typeof value === 'string'));
}

function parsed(manifest: Uint8Array): { manifests?: unknown; layers?: unknown; annotations?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(manifest).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw notOurs();
}

function digestIn(value: unknown): Sha256 {
  const digest = typeof value === 'string' ? parseDigest(value) : undefined;
  if (digest === undefined || !isSha256(digest)) throw notOurs();
  return digest;
}

function notOurs(): ClientError {
  return new ClientError('bad-answer', 'the manifest is not that of a definition');
}
