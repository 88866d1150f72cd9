import { describe, expect, test } from 'vitest';
import { digestWith, sha256 } from '../../../lib/encoding/digest.ts';
import { parseManifest } from '../../../lib/oci/manifest.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { MEDIA } from '../../support/oci-content.ts';

const bytes = Buffer.from('{}');
const config = { mediaType: MEDIA.config, digest: sha256(bytes), size: 2 };
const layer = { mediaType: MEDIA.layer, digest: digestWith('sha512', bytes), size: 2 };
const image = { schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [{ ...config, mediaType: MEDIA.manifest }] };
const CUSTOM = 'application/vnd.example.thing.v1+json';

function parse(manifest: unknown, contentType?: string): ReturnType<typeof parseManifest> {
  return parseManifest(Buffer.from(JSON.stringify(manifest)), contentType);
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof OciError && error.code === 'manifest-invalid'
      ? error.message
      : `not refused but ${String(error)}`;
  }
  return 'it was taken';
}

describe('a manifest', () => {
  test('of an image names its config and its layers as blobs, and tells where', () => {
    const { named, mediaType, subject } = parse(image);
    expect(mediaType).toBe(MEDIA.manifest);
    expect(subject).toBeUndefined();
    expect(named).toEqual([
      { digest: config.digest, size: 2, kind: 'blob', needed: true, path: 'config' },
      { digest: layer.digest, size: 2, kind: 'blob', needed: true, path: 'layers[0]' },
    ]);
  });

  test('of an index names manifests', () => {
    expect(parse(index).named).toEqual([
      { digest: config.digest, size: 2, kind: 'manifest', needed: true, path: 'manifests[0]' },
    ]);
    expect(parse({ ...index, manifests: [] }).named).toEqual([]);
  });

  test.each([
    ['no layers', { ...image, layers: [] }],
    ['fields that nobody knows', { ...image, extra: { deep: [1] }, layers: [{ ...layer, more: true }] }],
    ['the media types of Docker', { ...image, mediaType: MEDIA.dockerManifest }],
    ['embedded data', { ...image, config: { ...config, data: bytes.toString('base64') } }],
    ['data by SHA-512', { ...image, layers: [{ ...layer, data: bytes.toString('base64') }] }],
    ['an empty blob', { ...image, layers: [{ ...layer, digest: sha256(new Uint8Array()), size: 0 }] }],
    ['no subject', { ...image, subject: null }],
    ['no annotations', { ...image, annotations: null }],
    ['annotations', { ...image, annotations: { a: '', 'org.example/b': 'ü' } }],
    ['a large size', { ...image, layers: [{ ...layer, size: Number.MAX_SAFE_INTEGER }] }],
  ])('may have %s', (_, manifest) => {
    expect(() => parse(manifest)).not.toThrow();
  });

  test('is of the type under which it is pushed, where it names none', () => {
    const { mediaType: _, ...bare } = image;
    expect(parse(bare, MEDIA.manifest).mediaType).toBe(MEDIA.manifest);
    expect(parse({ anything: true }, CUSTOM)).toEqual({ mediaType: CUSTOM, named: [] });
  });

  test('of a type that nobody knows has what it names found all the same', () => {
    const { named } = parse({ config, blobs: [layer], manifests: [config] }, CUSTOM);
    expect(named.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'blob config',
      'blob blobs[0]',
      'manifest manifests[0]',
    ]);
  });

  test.each([
    [
      'a layer that may not be given away',
      { ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' },
      false,
    ],
    ['a foreign layer of Docker', { ...layer, mediaType: MEDIA.dockerForeignLayer }, false],
    ['a layer with addresses', { ...layer, urls: ['https://example.com/layer'] }, false],
    ['a layer with an empty list of addresses', { ...layer, urls: [] }, true],
    ['a layer', layer, true],
  ])('needs what it names or not: %s', (_, descriptor, needed) => {
    expect(parse({ ...image, layers: [descriptor] }).named[1]?.needed).toBe(needed);
  });

  test('needs the manifests of an index wherever they may be', () => {
    const manifests = [{ ...config, mediaType: MEDIA.manifest, urls: ['https://example.com/m'] }];
    expect(parse({ ...index, manifests }).named[0]?.needed).toBe(true);
  });

  test.each([
    ['its own', { ...image, artifactType: 'a/b' }, 'a/b'],
    ["its config's", image, MEDIA.config],
    ["its config's where its own is empty", { ...image, artifactType: '' }, MEDIA.config],
    ['none for an index', index, undefined],
    ['its own for an index', { ...index, artifactType: 'a/b' }, 'a/b'],
  ])('is an artifact of a type: %s', (_, manifest, type) => {
    expect(parse(manifest).artifactType).toBe(type);
  });

  test('tells its subject and its annotations', () => {
    const { subject, annotations } = parse({ ...image, subject: layer, annotations: { a: 'b' } });
    expect(subject).toBe(layer.digest);
    expect(annotations).toEqual({ a: 'b' });
  });
});

describe('a manifest is refused', () => {
  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{')],
    ['two JSON values', Buffer.from('{}{}')],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from(JSON.stringify(image), 'utf16le')],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['text', Buffer.from('"x"')],
    ['a number', Buffer.from('1')],
    ['brackets without end', Buffer.from('['.repeat(100_000))],
  ])('for being %s', (_, bytes) => {
    expect(refusal(() => parseManifest(bytes, MEDIA.manifest))).toMatch(/^the manifest is invalid: it is not/);
  });

  const digest = config.digest;
  const cases: readonly [string, unknown, string][] = [
    ['mediaType as a number', { ...image, mediaType: 1 }, 'mediaType'],
    ['an empty mediaType', { ...image, mediaType: '' }, 'media type'],
    ['a mediaType without a slash', { ...image, mediaType: 'json' }, 'media type'],
    ['a mediaType with a parameter', { ...image, mediaType: 'a/b; c=d' }, 'media type'],
    ['no schemaVersion', { ...image, schemaVersion: undefined }, 'schemaVersion'],
    ['schemaVersion 1', { ...image, schemaVersion: 1 }, 'schemaVersion'],
    ['schemaVersion as text', { ...image, schemaVersion: '2' }, 'schemaVersion'],
    ['an index without schemaVersion', { ...index, schemaVersion: null }, 'schemaVersion'],
    ['no config', { ...image, config: undefined }, 'config'],
    ['config as text', { ...image, config: digest }, 'config'],
    ['config as a list', { ...image, config: [] }, 'config'],
    ['an empty config', { ...image, config: {} }, 'config.mediaType'],
    ['no layers', { ...image, layers: undefined }, 'layers'],
    ['layers as null', { ...image, layers: null }, 'layers'],
    ['layers as an object', { ...image, layers: { 0: layer } }, 'layers'],
    ['a layer as null', { ...image, layers: [layer, null] }, 'layers[1]'],
    ['a layer as text', { ...image, layers: [digest] }, 'layers[0]'],
    ['a layer as a list', { ...image, layers: [[layer]] }, 'layers[0]'],
    [
      'a layer without a type',
      { ...image, layers: [layer, layer, { ...layer, mediaType: undefined }] },
      'layers[2].mediaType',
    ],
    ['a layer of an empty type', { ...image, layers: [{ ...layer, mediaType: '' }] }, 'layers[0].mediaType'],
    ['a layer without a digest', { ...image, layers: [{ ...layer, digest: undefined }] }, 'layers[0].digest'],
    ['a digest as a number', { ...image, layers: [{ ...layer, digest: 7 }] }, 'layers[0].digest'],
    ['a digest cut short', { ...image, layers: [{ ...layer, digest: digest.slice(0, -1) }] }, 'layers[0].digest'],
    ['a digest in capitals', { ...image, config: { ...config, digest: digest.toUpperCase() } }, 'config.digest'],
    ['a digest by MD5', { ...image, config: { ...config, digest: `md5:${'a'.repeat(32)}` } }, 'config.digest'],
    ['no size', { ...image, config: { ...config, size: undefined } }, 'config.size'],
    ['a negative size', { ...image, config: { ...config, size: -1 } }, 'config.size'],
    ['half a byte', { ...image, config: { ...config, size: 1.5 } }, 'config.size'],
    ['a size as text', { ...image, config: { ...config, size: '2' } }, 'config.size'],
    ['a size that numbers cannot tell', { ...image, config: { ...config, size: 2 ** 53 } }, 'config.size'],
    ['data as a number', { ...image, config: { ...config, data: 1 } }, 'config.data'],
    ['data of another size', { ...image, config: { ...config, data: 'AAAA' } }, 'config.data'],
    ['data of another digest', { ...image, config: { ...config, data: 'AAA=' } }, 'config.data'],
    ['data of a layer of another digest', { ...image, layers: [{ ...layer, data: 'AAA=' }] }, 'layers[0].data'],
    ['subject as text', { ...image, subject: digest }, 'subject'],
    ['a subject without a size', { ...image, subject: { ...config, size: undefined } }, 'subject.size'],
    ['a subject without a digest', { ...index, subject: { ...config, digest: '' } }, 'subject.digest'],
    ['artifactType as a number', { ...image, artifactType: 1 }, 'artifactType'],
    ['annotations as a list', { ...image, annotations: [] }, 'annotations'],
    ['annotations as text', { ...image, annotations: 'a=b' }, 'annotations'],
    ['an annotation as a number', { ...image, annotations: { good: 'x', bad: 1 } }, 'annotations["bad"]'],
    ['an annotation as null', { ...index, annotations: { bad: null } }, 'annotations["bad"]'],
    ['an image with manifests', { ...image, manifests: [] }, 'manifests'],
    ['an index with layers', { ...index, layers: [] }, 'layers'],
    ['an index without manifests', { ...index, manifests: undefined }, 'manifests'],
    ['an index whose manifests are an object', { ...index, manifests: {} }, 'manifests'],
    ['a manifest of an index as text', { ...index, manifests: [digest] }, 'manifests[0]'],
    [
      'a manifest of an index without a size',
      { ...index, manifests: [{ ...config, size: null }] },
      'manifests[0].size',
    ],
    ['blobs as text', { ...image, blobs: 'x' }, 'blobs'],
    ['a blob of an artifact without a digest', { ...image, blobs: [{}] }, 'blobs[0]'],
  ];

  test.each(cases)('for %s, telling where', (_, manifest, path) => {
    expect(refusal(() => parse(manifest))).toContain(path);
  });

  test('for an image whose config is null, telling where', () => {
    expect(refusal(() => parse({ ...image, config: null }))).toContain('config');
  });

  test('for a byte order mark, which other readers of JSON refuse', () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(image))]);
    expect(refusal(() => parseManifest(marked, MEDIA.manifest))).toContain('JSON');
  });

  test('for a Content-Type that is not its mediaType, naming both', () => {
    const message = refusal(() => parse(image, MEDIA.index));
    expect(message).toContain(MEDIA.index);
    expect(message).toContain(MEDIA.manifest);
  });

  test('for having neither a Content-Type nor a mediaType', () => {
    expect(refusal(() => parse({ config }))).toContain('Content-Type');
  });

  test.each([
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
  ])('for being of version 1: %s', (type) => {
    expect(refusal(() => parse({ schemaVersion: 1 }, type))).toContain('version 1');
  });

  test('in few words, however long what is wrong with it', () => {
    const long = 'x'.repeat(1_000_000);
    for (const manifest of [
      { ...image, mediaType: long },
      { ...image, mediaType: `a/${long}` },
      { ...image, annotations: { [long]: 1 } },
      { ...image, config: { ...config, digest: long } },
    ]) {
      expect(refusal(() => parse(manifest)).length).toBeLessThan(500);
    }
  });
});
