import fc from 'fast-check';
import { ROUTES } from '../../../server/routes/router.ts';
import { filled, holesIn, piecesOf } from './route-paths.ts';
import type { RawRequest } from './raw-request.ts';

/** What the server has, for requests that are right or nearly so. */
export interface Known {
  /** What may stand in a path or a query. */
  readonly words: readonly string[];
  readonly bodies: readonly Buffer[];
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PURGE', 'get', 'X'];
const QUERIES = [
  ['n', 'last', 'digest', 'mount', 'from', 'to', 'tag', 'service', 'prefix', 'index', 'artifactType', 'expect'],
  ['note', 'search', 'retracted', 'testCase', 'version', 'reviewer', 'digest-algorithm', '__proto__', 'constructor'],
].flat();
const TYPES = [
  ['application/json', 'application/octet-stream', 'application/vnd.assay.publish.v1', 'text/plain', '', '/', ';;;'],
  ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json'],
  ['application/x-git-upload-pack-request', 'application/x-git-receive-pack-request'],
].flat();
const ODD_WORDS = [
  ['', '.', '..', '%2e%2e', '%00', '%', '%zz', '%c0%af', '%ff', '@', '%40', ':', '*', '~', '-1', '1e9', '0x1'],
  ['__proto__', 'constructor', 'toString', 'x'.repeat(300), 'a/'.repeat(150), 'sha256:', `sha256:${'g'.repeat(64)}`],
  [
    `sha512:${'0'.repeat(128)}`,
    'md5:00',
    '9'.repeat(30),
    'refs/heads/main',
    'latest',
    '\u00e9',
    '\xff\xfe',
    '%F0%9F%92%A5',
  ],
].flat();

/** Requests on every route there is: right ones, nearly right ones, and nonsense. */
export function oddRequest({ words, bodies }: Known): fc.Arbitrary<RawRequest> {
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 2, arbitrary: fc.constantFrom(...ODD_WORDS) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 20 }).map(escaped) },
  );
  const body = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...bodies) },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...bodies), damage()).map(([bytes, change]) => change(bytes)) },
    { weight: 2, arbitrary: fc.json().map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
  return fc.constantFrom(...ROUTES).chain((route) => {
    const pieces = piecesOf(route.path);
    const path = fc
      .array(word, { minLength: holesIn(pieces), maxLength: holesIn(pieces) })
      .map((chosen) => filled(pieces, chosen));
    const method = fc.oneof(
      { weight: 5, arbitrary: fc.constant<string>(route.method) },
      { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    );
    const query = fc.array(fc.tuple(fc.constantFrom(...QUERIES), word), { maxLength: 3 });
    return fc
      .record({ method, path: oddly(path), query, headers: oddHeaders(word), body: fc.option(body, { freq: 3 }) })
      .map(({ path, query, body, headers, method }) => {
        const search = query.map(([name, value]) => `${name}=${value}`).join('&');
        const bytes = body ?? Buffer.alloc(0);
        return {
          method,
          target: search === '' ? path : `${path}?${search}`,
          headers: [['Host', '127.0.0.1'], ['Connection', 'close'], ...lengthOf(bytes, headers), ...headers],
          body: bytes,
        };
      });
  });
}

/** Mostly as it is; sometimes with something cut, put in or doubled. */
function oddly(path: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const changed = fc
    .tuple(path, fc.nat(), fc.constantFrom('/', '//', '%', '%2F', '\\', '..', ' ', '\0', '#', ';', '\t'))
    .map(([text, at, odd]) => text.slice(0, at % (text.length + 1)) + odd + text.slice(at % (text.length + 1)));
  const cut = fc.tuple(path, fc.nat()).map(([text, at]) => text.slice(0, 1 + (at % text.length)));
  return fc.oneof({ weight: 8, arbitrary: path }, changed, cut);
}

function oddHeaders(word: fc.Arbitrary<string>): fc.Arbitrary<[string, string][]> {
  const header = fc.oneof(
    fc.tuple(fc.constant('Content-Type'), fc.constantFrom(...TYPES)),
    fc.tuple(
      fc.constant('Range'),
      fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=5-2', 'bytes=0-,1-', 'x', 'bytes=99999999999999999999-'),
    ),
    fc.tuple(fc.constant('Content-Range'), fc.constantFrom('0-9', '5-1', 'bytes 0-0/1', 'x', '0-99999999999999')),
    fc.tuple(fc.constant('If-None-Match'), fc.oneof(fc.constant('*'), word)),
    fc.tuple(fc.constant('If-Range'), word),
    fc.tuple(fc.constantFrom('Accept', 'Accept-Encoding', 'Authorization', 'Cookie', 'Upgrade', 'Via'), word),
    fc.tuple(fc.constant('Content-Encoding'), fc.constantFrom('gzip', 'br', 'identity', 'x')),
    fc.tuple(fc.constant('Git-Protocol'), fc.constantFrom('version=2', 'version=9', 'version=', 'x:y')),
    fc.tuple(fc.constant('Expect'), fc.constantFrom('100-continue', '200-ok')),
    fc.tuple(fc.constant('Transfer-Encoding'), fc.constantFrom('chunked', 'gzip, chunked', 'x')),
    fc.tuple(
      fc.constantFrom('Origin', 'Sec-Fetch-Site', 'Host'),
      fc.constantFrom('http://evil.example', 'null', 'cross-site', ''),
    ),
    fc.tuple(fc.constantFrom('Assay-Actor', 'X-Request-Id', 'traceparent', 'X-Forwarded-For'), word),
    fc.tuple(fc.constant('X-Long'), fc.constantFrom('x'.repeat(10_000), 'x'.repeat(40_000))),
    fc.tuple(
      fc.constantFrom('Bad Name', 'X:Y', 'Content-Length', ''),
      fc.constantFrom('1', '-1', '9e9', '99999999999999999999'),
    ),
  );
  return fc.array(header, { maxLength: 3 });
}

/** The length that is true, unless the headers say how the body ends. */
function lengthOf(body: Buffer, headers: readonly (readonly [string, string])[]): [string, string][] {
  const isSaid = headers.some(([name]) => name === 'Transfer-Encoding' || name === 'Content-Length');
  return body.length === 0 || isSaid ? [] : [['Content-Length', String(body.length)]];
}

function damage(): fc.Arbitrary<(bytes: Buffer) => Buffer> {
  const place = fc.nat();
  const flip = fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, by]) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[at % changed.length]! ^= by;
    return changed;
  });
  const cut = place.map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1)));
  const put = fc
    .tuple(place, fc.constantFrom('null', '{}', '[]', '-1', '1e999', '"\\ud800"', '\0', '"', ',', '0000'))
    .map(([at, text]) => (bytes: Buffer) => {
      const middle = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, middle), Buffer.from(text), bytes.subarray(middle)]);
    });
  /** One value of JSON in place of another. */
  const swap = fc.tuple(place, fc.json({ maxDepth: 1 })).map(([at, json]) => (bytes: Buffer) => {
    const parts = bytes.toString('latin1').split(/(?<=:)("[^"]*"|-?\d+|null|true|\{\}|\[\])/);
    if (parts.length < 3) return bytes;
    parts[1 + 2 * (at % Math.floor(parts.length / 2))] = Buffer.from(json).toString('latin1');
    return Buffer.from(parts.join(''), 'latin1');
  });
  const twice = fc.constant((bytes: Buffer) => Buffer.concat([bytes, bytes]));
  return fc.oneof(flip, cut, put, { weight: 2, arbitrary: swap }, twice);
}

/** As it may stand in a target; what may not is tried often enough by other means. */
function escaped(text: string): string {
  return text.replace(/[^!-~]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
