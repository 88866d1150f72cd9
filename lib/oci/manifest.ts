import { digestWith, parseDigest, algorithmOf, type Digest } from '../encoding/digest.ts';
import { OciError } from './oci-error.ts';

/** Distribution specification, "Pushing Manifests": clients may count on 4 MB; this is the limit, too. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export const INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';
const IMAGE_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_IMAGE_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST_MEDIA_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json';
const MAX_TYPE_LENGTH = 1024;
const SCHEMA_ONE = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** Layers that image creators may not give away: their bytes are fetched from elsewhere and need not be here. */
const NON_DISTRIBUTABLE = /^application\/vnd\.(?:oci\.image\.layer\.nondistributable|docker\.image\.rootfs\.foreign)\./;

/** A thing that a manifest names. */
export interface Named {
  readonly digest: Digest;
  readonly size: number;
  readonly kind: 'blob' | 'manifest';
  /** Whether it must be there before the manifest. What may be elsewhere is kept all the same where it is here. */
  readonly needed: boolean;
  /** Where in the manifest it stands, for messages. */
  readonly path: string;
}

/** What the registry has to know of a manifest; everything else is kept as bytes alone. */
export interface Manifest {
  readonly mediaType: string;
  readonly named: readonly Named[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Reads a manifest that is pushed under a media type, or throws what is wrong with it and where. */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const body = parseObject(bytes);
  const own = optionalString(body, 'mediaType');
  const mediaType = contentType ?? own;
  if (mediaType === undefined) throw invalid('there is neither a Content-Type nor a mediaType');
  if (!MEDIA_TYPE.test(mediaType)) throw invalid(`${JSON.stringify(mediaType.slice(0, 150))} is no media type`);
  if (SCHEMA_ONE.test(mediaType))
    throw invalid('Docker image manifests of version 1 are not supported; push version 2');
  if (own !== undefined && own !== mediaType) {
    throw invalid(`the Content-Type is ${mediaType}, but the manifest's mediaType is ${own.slice(0, 150)}`);
  }
  checkShape(body, mediaType);
  const config = optionalDescriptor(body, 'config');
  const subject = optionalDescriptor(body, 'subject');
  // Image specification, "artifactType": without one, an image manifest is of its config's type; an index has no other.
  const artifactType = optionalString(body, 'artifactType') || config?.mediaType;
  if (artifactType !== undefined && artifactType.length > MAX_TYPE_LENGTH) throw invalid('artifactType is too long');
  const annotations = optionalAnnotations(body);
  const named: Named[] = [
    ...(config === undefined ? [] : [nameFor(config, 'blob')]),
    ...descriptors(body, 'layers').map((descriptor) => nameFor(descriptor, 'blob')),
    ...descriptors(body, 'blobs').map((descriptor) => nameFor(descriptor, 'blob')),
    ...descriptors(body, 'manifests').map((descriptor) => nameFor(descriptor, 'manifest')),
  ];
  return {
    mediaType,
    named,
    ...(subject === undefined ? {} : { subject: subject.digest }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
  readonly urls: boolean;
}

type Json = Readonly<Record<string, unknown>>;

function parseObject(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw invalid('it is not JSON in UTF-8');
  }
  if (!isObject(value)) throw invalid('it is not a JSON object');
  return value;
}

function checkShape(body: Json, mediaType: string): void {
  const isImage = mediaType === IMAGE_MEDIA_TYPE || mediaType === DOCKER_IMAGE_MEDIA_TYPE;
  const isIndex = mediaType === INDEX_MEDIA_TYPE || mediaType === DOCKER_LIST_MEDIA_TYPE;
  if (!isImage && !isIndex) return;
  if (body['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2');
  if (isImage && (body['config'] ?? undefined) === undefined) throw invalid('config is missing');
  if (isImage && !Array.isArray(body['layers'])) throw invalid('layers is not a list');
  if (isImage && body['manifests'] !== undefined) throw invalid('an image manifest has no manifests');
  if (isIndex && !Array.isArray(body['manifests'])) throw invalid('manifests is not a list');
  if (isIndex && body['layers'] !== undefined) throw invalid('an index has no layers');
}

function descriptors(body: Json, key: string): Descriptor[] {
  const list = body[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw invalid(`${key} is not a list`);
  return list.map((value: unknown, index) => readDescriptor(value, `${key}[${index}]`));
}

function optionalDescriptor(body: Json, key: string): Descriptor | undefined {
  const value = body[key];
  return value === undefined || value === null ? undefined : readDescriptor(value, key);
}

function readDescriptor(value: unknown, path: string): Descriptor {
  if (!isObject(value)) throw invalid(`${path} is not a descriptor`);
  const { mediaType, digest: text, size, data, urls } = value;
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(`${path}.mediaType is missing`);
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  if (digest === undefined) throw invalid(`${path}.digest is no digest of sha256 or sha512`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${path}.size is no size`);
  if (data !== undefined && data !== null) checkData(data, digest, size, path);
  return { mediaType, digest, size, path, urls: Array.isArray(urls) && urls.length > 0 };
}

/** Image specification, "Descriptors": embedded data must be what size and digest say. */
function checkData(data: unknown, digest: Digest, size: number, path: string): void {
  if (typeof data !== 'string') throw invalid(`${path}.data is not text`);
  const bytes = Buffer.from(data, 'base64');
  if (bytes.toString('base64') !== data) throw invalid(`${path}.data is not base64`);
  if (bytes.length !== size) throw invalid(`${path}.data has ${bytes.length} bytes and size says ${size}`);
  if (digestWith(algorithmOf(digest), bytes) !== digest) throw invalid(`${path}.data does not match its digest`);
}

function optionalString(body: Json, key: string): string | undefined {
  const value = body[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${key} is not text`);
  return value;
}

function optionalAnnotations(body: Json): Readonly<Record<string, string>> | undefined {
  const value = body['annotations'];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid('annotations is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalid(`annotations[${JSON.stringify(key.slice(0, 100))}] is not text`);
  }
  return value as Readonly<Record<string, string>>;
}

function nameFor({ digest, size, path, mediaType, urls }: Descriptor, kind: Named['kind']): Named {
  return { digest, size, kind, path, needed: kind === 'manifest' || !(NON_DISTRIBUTABLE.test(mediaType) || urls) };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): OciError {
  return new OciError('manifest-invalid', `the manifest is invalid: ${message}`);
}
