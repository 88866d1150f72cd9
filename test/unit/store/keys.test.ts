import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest, Sha256 } from '../../../lib/encoding/digest.ts';
import {
  after,
  allAudit,
  allContent,
  allFamilies,
  allInline,
  allReferrersOf,
  allUploads,
  blobsOf,
  allOids,
  gitObjectsOf,
  manifestsOf,
  refsOf,
  referrersOf,
  tagsByManifestOf,
  tagsOf,
  tagsOfManifest,
  type KeyRange,
} from '../../../lib/store/key-ranges.ts';
import {
  auditIdOfKey,
  auditKey,
  auditKeyOfId,
  auditSince,
  blobKey,
  contentKey,
  contentOfKey,
  digestOfKey,
  digestsOfKey,
  familyKey,
  formatKey,
  gitObjectKey,
  inlineKey,
  leaseKey,
  manifestKey,
  movingKey,
  nameOfKey,
  oidKey,
  oidOfKey,
  refKey,
  refOfKey,
  referrerKey,
  tagKey,
  tagOfKey,
  tagOfManifestKey,
  uploadKey,
} from '../../../lib/store/keys.ts';

/** Names that are prefixes of each other, or differ in a character that sorts before or behind a slash. */
const FAMILIES = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'a_b', 'aa', 'b', 'team/case'];
const TAGS = ['v1', 'v1.0', 'v1-0', 'latest', '_', 'V1', 'a', '0', 'v10'];
const SHA256: readonly Sha256[] = [
  '00',
  '01',
  '0a',
  '61',
  'fe',
  'ff',
  `${'ab'.repeat(31)}ff`,
  `ff${'00'.repeat(31)}`,
].map((hex) => `sha256:${hex.repeat(64 / hex.length)}` as const);
const SHA512: readonly Digest[] = ['00', '01', 'ff', `${'cd'.repeat(62)}ffff`].map(
  (hex) => `sha512:${hex.repeat(128 / hex.length)}` as const,
);
const OIDS = ['00', '0a', 'ff'].map((hex) => hex.repeat(20));
const REFS = ['', 'refs/heads/main', 'refs/heads/größe', 'refs/tags/v1'];
const DIGESTS: readonly Digest[] = [...SHA256, ...SHA512];

const family = fc.constantFrom(...FAMILIES);
const tag = fc.oneof(fc.constantFrom(...TAGS), fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/));
const sha256 = fc.oneof(
  fc.constantFrom(...SHA256),
  hex(64).map((text) => `sha256:${text}` as const),
);
const digest = fc.oneof(
  fc.constantFrom(...DIGESTS),
  sha256,
  hex(128).map((text): Digest => `sha512:${text}`),
);

describe('a key', () => {
  const content = `sha256:${'ab'.repeat(31)}ff` as const;
  const long = `sha512:${'cd'.repeat(64)}` as const;
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  const [shortHex, longHex] = [content.slice(7), long.slice(7)];
  const golden: readonly [string, Buffer, string][] = [
    ['content', contentKey(content), `43${shortHex}`],
    ['inline', inlineKey(content), `44${shortHex}`],
    ['lease', leaseKey('gc'), '4c6763'],
    ['family', familyKey('a/b'), '52612f62'],
    ['Git object id', oidKey('ab'.repeat(20)), `4f${'ab'.repeat(20)}`],
    ['Git object', gitObjectKey('a/b', 'ab'.repeat(20)), `6a612f6200${'ab'.repeat(20)}`],
    ['ref', refKey('a', 'refs/heads/ü'), `686100${Buffer.from('refs/heads/ü').toString('hex')}`],
    ['mark beside the refs', refKey('a', ''), '686100'],
    ['upload', uploadKey(id), `55${Buffer.from(id).toString('hex')}`],
    ['blob', blobKey('a/b', content), `62612f620001${shortHex}`],
    ['blob by SHA-512', blobKey('a/b', long), `62612f620002${longHex}`],
    ['referrer', referrerKey('a', long, content), `66610002${longHex}01${shortHex}`],
    ['referrer the other way', referrerKey('a', content, long), `66610001${shortHex}02${longHex}`],
    ['tag of a manifest', tagOfManifestKey('a', content, 'v1'), `67610001${shortHex}7631`],
    ['manifest', manifestKey('a-b', content), `6d612d620001${shortHex}`],
    ['manifest by SHA-512', manifestKey('a', long), `6d610002${longHex}`],
    ['tag', tagKey('a/b', 'v1.0'), '74612f620076312e30'],
    ['change', auditKey(2 ** 40 + 1, 2, Buffer.of(3, 4, 5, 6)), '4a00000100000000010000000203040506'],
    ['data format', formatKey, '56'],
    ['move', movingKey, '59'],
  ];

  test.each(golden)('has the bytes that stores already hold: %s', (_, key, bytes) => {
    expect(key.toString('hex')).toBe(bytes);
  });

  test('of content and of inline bytes gives the content back', () => {
    fc.assert(
      fc.property(sha256, (digest) => {
        expect(contentOfKey(contentKey(digest))).toBe(digest);
        expect(contentOfKey(new Uint8Array(inlineKey(digest)))).toBe(digest);
      }),
    );
  });

  test('of a change gives back the id that names it, and lies behind all of an earlier time', () => {
    const key = auditKey(1000, 7, Buffer.of(1, 2, 3, 4));
    expect(auditKeyOfId(auditIdOfKey(key))).toEqual(key);
    expect(Buffer.compare(key, auditSince(1000))).toBe(1);
    expect(Buffer.compare(key, auditSince(1001))).toBe(-1);
    expect(Buffer.compare(key, auditKey(1000, 8, Buffer.alloc(4)))).toBe(-1);
    expect(Buffer.compare(allAudit.start, auditSince(0))).toBe(-1);
  });

  test('of a family, an upload or a lease gives the name back', () => {
    for (const name of [...FAMILIES, id, 'garbage collection']) {
      for (const key of [familyKey(name), uploadKey(name), leaseKey(name)]) expect(nameOfKey(key)).toBe(name);
      expect(nameOfKey(new Uint8Array(familyKey(name)))).toBe(name);
    }
  });

  test('of a blob, a manifest, a tag or a referrer gives back all that it was made of but the family', () => {
    fc.assert(
      fc.property(family, digest, digest, tag, (family, first, second, tag) => {
        expect(digestOfKey(blobKey(family, first))).toBe(first);
        expect(digestOfKey(manifestKey(family, first))).toBe(first);
        expect(digestsOfKey(blobKey(family, first))).toEqual({ digests: [first], rest: '' });
        expect(digestsOfKey(tagOfManifestKey(family, first, tag))).toEqual({ digests: [first], rest: tag });
        expect(digestsOfKey(referrerKey(family, first, second))).toEqual({ digests: [first, second], rest: '' });
        expect(digestOfKey(new Uint8Array(referrerKey(family, first, second)))).toBe(second);
        expect(tagOfKey(new Uint8Array(tagKey(family, tag)))).toBe(tag);
      }),
    );
  });

  test('of a Git object or a ref gives its id or its name back', () => {
    for (const family of FAMILIES) {
      for (const oid of OIDS) expect(oidOfKey(new Uint8Array(gitObjectKey(family, oid)))).toBe(oid);
      for (const ref of REFS) expect(refOfKey(new Uint8Array(refKey(family, ref)))).toBe(ref);
    }
    expect(oidOfKey(oidKey('0f'.repeat(20)))).toBe('0f'.repeat(20));
  });

  test('that names no digest is not taken for one that does', () => {
    expect(() => digestOfKey(tagKey('a', 'v1'))).toThrow('no digest');
  });

  test('is as short as every store can take, for the longest names', () => {
    const [family, tag, last] = ['f'.repeat(255), 't'.repeat(128), SHA512[2] ?? long];
    for (const key of [tagKey(family, tag), tagOfManifestKey(family, last, tag), referrerKey(family, last, last)]) {
      expect(key.length).toBeLessThan(1978);
    }
  });

  test('is not that of anything else', () => {
    const keys = everyKey().map(({ key }) => key.toString('hex'));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a range of keys', () => {
  const everything = everyKey();
  const ranges: readonly [string, KeyRange, (made: Made) => boolean][] = [
    ['all content', allContent, ({ kind }) => kind === 'content'],
    ['all inline content', allInline, ({ kind }) => kind === 'inline'],
    ['all families', allFamilies, ({ kind }) => kind === 'family'],
    ['all Git object ids', allOids, ({ kind }) => kind === 'oid'],
    ['all uploads', allUploads, ({ kind }) => kind === 'upload'],
    ...FAMILIES.flatMap((name): [string, KeyRange, (made: Made) => boolean][] => [
      [`the blobs of ${name}`, blobsOf(name), (made) => made.kind === 'blob' && made.family === name],
      [`the manifests of ${name}`, manifestsOf(name), (made) => made.kind === 'manifest' && made.family === name],
      [`the objects of ${name}`, gitObjectsOf(name), (made) => made.kind === 'git-object' && made.family === name],
      [`the refs of ${name}`, refsOf(name), (made) => made.kind === 'ref' && made.family === name],
      [`the tags of ${name}`, tagsOf(name), (made) => made.kind === 'tag' && made.family === name],
      [
        `the tags by manifest of ${name}`,
        tagsByManifestOf(name),
        (made) => made.kind === 'tag-of' && made.family === name,
      ],
      [`all referrers of ${name}`, allReferrersOf(name), (made) => made.kind === 'referrer' && made.family === name],
    ]),
    ...DIGESTS.flatMap((digest): [string, KeyRange, (made: Made) => boolean][] => [
      [
        `the tags of ${digest.slice(0, 12)}…${digest.slice(-4)}`,
        tagsOfManifest('a', digest),
        (made) => made.kind === 'tag-of' && made.family === 'a' && made.digest === digest,
      ],
      [
        `the referrers of ${digest.slice(0, 12)}…${digest.slice(-4)}`,
        referrersOf('a', digest),
        (made) => made.kind === 'referrer' && made.family === 'a' && made.digest === digest,
      ],
    ]),
  ];

  test.each(ranges)('holds %s and nothing else', (_, range, belongs) => {
    const held = everything.filter(({ key }) => isIn(range, key));
    expect(held.map(name)).toEqual(everything.filter(belongs).map(name));
    expect(held.length).toBeGreaterThan(0);
  });

  test('behind a key goes on with the very next one', () => {
    const keys = FAMILIES.map((family) => familyKey(family)).sort((a, b) => Buffer.compare(a, b));
    for (const [at, key] of keys.entries()) {
      const rest = after(allFamilies, key);
      expect(keys.filter((one) => isIn(rest, one))).toEqual(keys.slice(at + 1));
    }
    expect(isIn(after(allFamilies, familyKey('a')), Buffer.concat([familyKey('a'), Buffer.of(0)]))).toBe(true);
  });

  test('holds every key of a random family and no key of another', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,3}(?:[._/-][a-z0-9]{1,2}){0,2}$/);
    fc.assert(
      fc.property(part, part, digest, tag, (one, other, digest, tag) => {
        for (const [range, key] of [
          [blobsOf(one), blobKey(other, digest)],
          [manifestsOf(one), manifestKey(other, digest)],
          [tagsOf(one), tagKey(other, tag)],
          [tagsByManifestOf(one), tagOfManifestKey(other, digest, tag)],
          [allReferrersOf(one), referrerKey(other, digest, digest)],
        ] as const) {
          expect(isIn(range, key)).toBe(one === other);
        }
      }),
    );
  });
});

interface Made {
  readonly kind:
    | 'oid'
    | 'git-object'
    | 'ref'
    | 'content'
    | 'inline'
    | 'lease'
    | 'family'
    | 'upload'
    | 'blob'
    | 'manifest'
    | 'tag'
    | 'tag-of'
    | 'referrer';
  readonly key: Buffer;
  readonly family?: string;
  readonly digest?: Digest;
}

/** One of everything, in the order of the store. */
function everyKey(): Made[] {
  const made: Made[] = [
    ...SHA256.map((digest): Made => ({ kind: 'content', key: contentKey(digest) })),
    ...SHA256.map((digest): Made => ({ kind: 'inline', key: inlineKey(digest) })),
    ...FAMILIES.map((family): Made => ({ kind: 'family', key: familyKey(family) })),
    ...FAMILIES.map((family): Made => ({ kind: 'lease', key: leaseKey(family) })),
    ...FAMILIES.map((family): Made => ({ kind: 'upload', key: uploadKey(family) })),
  ];
  for (const oid of OIDS) made.push({ kind: 'oid', key: oidKey(oid) });
  for (const family of FAMILIES) {
    for (const oid of OIDS) made.push({ kind: 'git-object', family, key: gitObjectKey(family, oid) });
    for (const ref of REFS) made.push({ kind: 'ref', family, key: refKey(family, ref) });
    for (const tag of TAGS) made.push({ kind: 'tag', family, key: tagKey(family, tag) });
    for (const digest of DIGESTS) {
      made.push({ kind: 'blob', family, digest, key: blobKey(family, digest) });
      made.push({ kind: 'manifest', family, digest, key: manifestKey(family, digest) });
      for (const tag of TAGS) made.push({ kind: 'tag-of', family, digest, key: tagOfManifestKey(family, digest, tag) });
      for (const other of DIGESTS)
        made.push({ kind: 'referrer', family, digest, key: referrerKey(family, digest, other) });
    }
  }
  return made.sort((a, b) => Buffer.compare(a.key, b.key));
}

function isIn({ start, end }: KeyRange, key: Buffer): boolean {
  return Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0;
}

function name({ key }: Made): string {
  return key.toString('hex');
}

function hex(length: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: length / 2, maxLength: length / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
}
