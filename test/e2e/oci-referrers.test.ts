import { describe, expect, test } from 'vitest';
import { header, jsonOf } from '../support/http.ts';
import {
  ALGORITHMS,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageIndex,
  imageManifest,
  MEDIA,
  unknownDigest,
  type Descriptor,
  type Fields,
} from '../support/oci-content.ts';
import { expectRefusal } from '../support/oci-error.ts';
import { expectStatus, freshRepository, type Repository } from '../support/repository.ts';
import { useServer } from '../support/server.ts';

const server = useServer();
const EMPTY = descriptorOf(EMPTY_JSON, MEDIA.empty);
const SBOM = 'application/vnd.example.sbom.v1';
const SIGNATURE = 'application/vnd.example.signature.v1';

async function repositoryWithEmpty(): Promise<Repository> {
  const repository = freshRepository(server);
  await repository.pushBlob(EMPTY_JSON);
  return repository;
}

function subjectOf(digest: string): Descriptor {
  return { mediaType: MEDIA.manifest, digest, size: 500 };
}

async function refer(repository: Repository, subject: string, fields: Fields): Promise<Descriptor> {
  const bytes = imageManifest(EMPTY, [EMPTY], { ...fields, subject: subjectOf(subject) });
  expectStatus(await repository.putManifest(digestOf(bytes), bytes), 201);
  return descriptorOf(bytes, MEDIA.manifest);
}

describe('the referrers of a digest', () => {
  test.each(ALGORITHMS)('are an empty index where nobody refers to it (%s)', async (algorithm) => {
    const repository = await repositoryWithEmpty();
    const reply = await repository.get(`referrers/${unknownDigest(algorithm)}`);
    expect(reply.status).toBe(200);
    expect(header(reply, 'content-type')).toBe(MEDIA.index);
    expect(header(reply, 'oci-filters-applied')).toBeUndefined();
    expect(jsonOf(reply)).toMatchObject({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [] });
  });

  test('are no 404 in a repository that has nothing yet', async () => {
    expect((await freshRepository(server).get(`referrers/${unknownDigest()}`)).status).toBe(200);
  });

  test.each(['latest', 'sha256:abc', `md5:${'a'.repeat(32)}`, `sha256:${'A'.repeat(64)}`])(
    'are a 400 for %s',
    async (digest) => {
      const repository = await repositoryWithEmpty();
      expectRefusal(await repository.get(`referrers/${digest}`), 400, 'DIGEST_INVALID');
    },
  );

  test.each(ALGORITHMS)('have type, size, artifact type and annotations (%s)', async (algorithm) => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest(algorithm);
    const annotations = { 'org.example.format': 'json', 'org.example.empty': '' };
    const described = await refer(repository, subject, { artifactType: SBOM, annotations });
    expect(await repository.referrers(subject)).toEqual([{ ...described, artifactType: SBOM, annotations }]);
  });

  test('take the type of the config where they name no artifact type', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const config = descriptorOf(EMPTY_JSON, 'application/vnd.example.config.v1+json');
    for (const fields of [{}, { artifactType: '' }]) {
      const bytes = imageManifest(config, [], { ...fields, subject: subjectOf(subject) });
      expectStatus(await repository.putManifest(digestOf(bytes), bytes), 201);
    }
    const types = (await repository.referrers(subject)).map(({ artifactType }) => artifactType);
    expect(types).toEqual([config.mediaType, config.mediaType]);
  });

  test('may be indexes, with an artifact type or without', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const annotations = { kind: 'index' };
    const typed = imageIndex([], { artifactType: SBOM, subject: subjectOf(subject), annotations });
    const plain = imageIndex([], { subject: subjectOf(subject) });
    for (const bytes of [typed, plain])
      expectStatus(await repository.putManifest(digestOf(bytes), bytes, MEDIA.index), 201);
    const found = await repository.referrers(subject);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ ...descriptorOf(typed, MEDIA.index), artifactType: SBOM, annotations });
    expect(found.find(({ digest }) => digest === digestOf(plain))).not.toHaveProperty('artifactType');
  });

  test('that were pushed under sha512 are named by it', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const bytes = imageManifest(EMPTY, [], { artifactType: SBOM, subject: subjectOf(subject) });
    expectStatus(await repository.putManifest(digestOf(bytes, 'sha512'), bytes), 201);
    const [found] = await repository.referrers(subject);
    expect(found?.digest).toBe(digestOf(bytes, 'sha512'));
    expect((await repository.get(`manifests/${found?.digest}`)).body.equals(bytes)).toBe(true);
  });

  test('are listed once, however often and under whatever tags they were pushed', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const bytes = imageManifest(EMPTY, [], { artifactType: SBOM, subject: subjectOf(subject) });
    for (const reference of ['one', 'one', 'two', digestOf(bytes)]) {
      expectStatus(await repository.putManifest(reference, bytes), 201);
    }
    expect(await repository.referrers(subject)).toHaveLength(1);
  });

  test('are those of the repository and of no other', async () => {
    const [mine, other] = [await repositoryWithEmpty(), await repositoryWithEmpty()];
    const subject = unknownDigest();
    await refer(mine, subject, { artifactType: SBOM });
    expect(await other.referrers(subject)).toEqual([]);
  });

  test('are there whether the subject came before or after', async () => {
    const repository = await repositoryWithEmpty();
    const early = imageManifest(EMPTY, [], { annotations: { subject: 'early' } });
    const late = imageManifest(EMPTY, [], { annotations: { subject: 'late' } });
    expectStatus(await repository.putManifest('early', early), 201);
    await refer(repository, digestOf(early), { artifactType: SBOM });
    await refer(repository, digestOf(late), { artifactType: SBOM });
    expectStatus(await repository.putManifest('late', late), 201);
    expect(await repository.referrers(digestOf(early))).toHaveLength(1);
    expect(await repository.referrers(digestOf(late))).toHaveLength(1);
  });

  test('may have referrers themselves', async () => {
    const repository = await repositoryWithEmpty();
    const image = await repository.pushImage('v1');
    const sbom = await refer(repository, image.digest, { artifactType: SBOM });
    const signature = await refer(repository, sbom.digest, { artifactType: SIGNATURE });
    expect((await repository.referrers(sbom.digest)).map(({ digest }) => digest)).toEqual([signature.digest]);
    expect((await repository.referrers(image.digest)).map(({ digest }) => digest)).toEqual([sbom.digest]);
  });
});

describe('referrers filtered by artifact type', () => {
  test('are those of the type, and the answer says so', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const sbom = await refer(repository, subject, { artifactType: SBOM });
    await refer(repository, subject, { artifactType: SIGNATURE });
    const reply = await repository.get(`referrers/${subject}?artifactType=${encodeURIComponent(SBOM)}`);
    expect(header(reply, 'oci-filters-applied')).toBe('artifactType');
    expect((jsonOf(reply) as { manifests: Descriptor[] }).manifests.map(({ digest }) => digest)).toEqual([sbom.digest]);
  });

  test('by the type of a config are those that name no other', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const plain = await refer(repository, subject, {});
    await refer(repository, subject, { artifactType: SBOM });
    const found = await repository.referrers(subject, `?artifactType=${encodeURIComponent(MEDIA.empty)}`);
    expect(found.map(({ digest }) => digest)).toEqual([plain.digest]);
  });

  test('by a type that none has are none, and the answer says that it was filtered', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    await refer(repository, subject, { artifactType: SBOM });
    const reply = await repository.get(`referrers/${subject}?artifactType=application%2Fnone`);
    expect(header(reply, 'oci-filters-applied')).toBe('artifactType');
    expect(jsonOf(reply)).toMatchObject({ manifests: [] });
  });
});

describe('the deletion', () => {
  test('of a referrer holds for the very next request', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const kept = await refer(repository, subject, { artifactType: SBOM });
    const gone = await refer(repository, subject, { artifactType: SIGNATURE });
    expectStatus(await repository.delete(`manifests/${gone.digest}`), 202);
    expect((await repository.referrers(subject)).map(({ digest }) => digest)).toEqual([kept.digest]);
  });

  test('of its tag leaves a referrer listed', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const bytes = imageManifest(EMPTY, [], { artifactType: SBOM, subject: subjectOf(subject) });
    expectStatus(await repository.putManifest('sbom', bytes), 201);
    expectStatus(await repository.delete('manifests/sbom'), 202);
    expect(await repository.referrers(subject)).toHaveLength(1);
  });

  test('of the subject leaves its referrers listed', async () => {
    const repository = await repositoryWithEmpty();
    const image = await repository.pushImage('v1');
    await refer(repository, image.digest, { artifactType: SBOM });
    expectStatus(await repository.delete(`manifests/${image.digest}`), 202);
    expect(await repository.referrers(image.digest)).toHaveLength(1);
  });
});

describe('more referrers than fit into one answer', () => {
  test('come in pages, each at most 4 MiB, every one once, filtered or not', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const expected: string[] = [];
    for (let at = 0; at < 40; at += 1) {
      const annotations = { at: String(at), filler: 'x'.repeat(200_000) };
      const { digest } = await refer(repository, subject, {
        artifactType: at % 2 === 0 ? SBOM : SIGNATURE,
        annotations,
      });
      if (at % 2 === 0) expected.push(digest);
    }
    const pages = await repository.pages(`referrers/${subject}`);
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) {
      expect(page.body.length).toBeLessThanOrEqual(4 * 1024 * 1024);
      expect(header(page, 'content-type')).toBe(MEDIA.index);
    }
    const all = pages.flatMap((page) =>
      (jsonOf(page) as { manifests: Descriptor[] }).manifests.map(({ digest }) => digest),
    );
    expect(all).toHaveLength(40);
    expect(new Set(all).size).toBe(40);

    const filtered = await repository.pages(`referrers/${subject}?artifactType=${encodeURIComponent(SBOM)}`);
    for (const page of filtered) expect(header(page, 'oci-filters-applied')).toBe('artifactType');
    const some = filtered.flatMap((page) =>
      (jsonOf(page) as { manifests: Descriptor[] }).manifests.map(({ digest }) => digest),
    );
    expect(some.toSorted()).toEqual(expected.toSorted());
  });

  test('may hold one that is nearly as large as a manifest can be', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const annotations = { filler: 'x'.repeat(3_900_000) };
    const large = await refer(repository, subject, { artifactType: SBOM, annotations });
    const small = await refer(repository, subject, { artifactType: SBOM });
    const found = await repository.referrers(subject);
    expect(found.map(({ digest }) => digest).toSorted()).toEqual([large.digest, small.digest].toSorted());
    expect(found.find(({ digest }) => digest === large.digest)?.annotations).toEqual(annotations);
  });

  test('come whole where there are hundreds of small ones', async () => {
    const repository = await repositoryWithEmpty();
    const subject = unknownDigest();
    const pushed = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        refer(repository, subject, { artifactType: SBOM, annotations: { at: String(at) } }),
      ),
    );
    const found = await repository.referrers(subject);
    expect(found.map(({ digest }) => digest).toSorted()).toEqual(pushed.map(({ digest }) => digest).toSorted());
  });
});
