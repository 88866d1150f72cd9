import { header, type Reply } from '../../support/http.ts';
import { digestOf, imageIndex, MEDIA, randomContent } from '../../support/oci-content.ts';
import { locationOf } from '../../support/repository.ts';
import { ask, expectSame, found, type Target, type Write } from './write.ts';

/** A blob in one request. */
export function blob(family: string, size: number): Write {
  const bytes = randomContent(size);
  const digest = digestOf(bytes);
  return {
    kind: 'blob',
    send: (to) => ask(to, 'POST', `/v2/${family}/blobs/uploads/?digest=${digest}`, { body: bytes }),
    look: (at) => hasContent(at, `/v2/${family}/blobs/${digest}`, digest),
  };
}

/** A blob in two chunks. */
export function upload(family: string, size: number): Write {
  const bytes = randomContent(size);
  const digest = digestOf(bytes);
  const half = Math.floor(size / 2);
  return {
    kind: 'upload',
    async send(to) {
      const started = await ask(to, 'POST', `/v2/${family}/blobs/uploads/`);
      if (started.status !== 202) return started;
      const headers = { 'Content-Type': 'application/octet-stream' };
      const location = locationOf(started, to.url);
      const patched = await ask(to, 'PATCH', location, { headers, body: bytes.subarray(0, half) });
      if (patched.status !== 202) return patched;
      const last = locationOf(patched, to.url, { digest });
      return ask(to, 'PUT', last, { headers, body: bytes.subarray(half) });
    },
    look: (at) => hasContent(at, `/v2/${family}/blobs/${digest}`, digest),
  };
}

/** A manifest under a tag of its own. */
export function manifest(family: string, tag: string): Write {
  const bytes = imageIndex([], { annotations: { tag, family, filler: randomContent(200).toString('hex') } });
  const digest = digestOf(bytes);
  return {
    kind: 'manifest',
    send: (to) =>
      ask(to, 'PUT', `/v2/${family}/manifests/${tag}`, { headers: { 'Content-Type': MEDIA.index }, body: bytes }),
    async look(at) {
      const byTag = await hasContent(at, `/v2/${family}/manifests/${tag}`, digest);
      const byDigest = await hasContent(at, `/v2/${family}/manifests/${digest}`, digest);
      expectSame(`that ${family}:${tag} is there by its digest`, byDigest, byTag);
      return byTag;
    },
  };
}

export async function hasContent(at: Target, path: string, digest: string): Promise<boolean> {
  const reply: Reply | undefined = await found(at, path);
  if (reply === undefined) return false;
  expectSame(`the digest of ${path}`, digestOf(reply.body), digest);
  expectSame(`the digest that is said of ${path}`, header(reply, 'docker-content-digest') ?? digest, digest);
  return true;
}
