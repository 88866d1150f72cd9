import { describe, expect, test } from 'vitest';
import { OciError, type OciErrorCode } from '../../../lib/oci/oci-error.ts';
import { StoreError, type StoreErrorCode } from '../../../lib/store/store-error.ts';
import { errorBody } from '../../../server/error-body.ts';
import { answerTo, type Answer } from '../../../server/errors.ts';
import { RequestError, type RequestErrorCode } from '../../../server/request-error.ts';

/** The codes of the distribution specification, "Error codes", and those that registries add for what it has none. */
const OCI: Readonly<Record<OciErrorCode, readonly [number, string]>> = {
  'blob-unknown': [404, 'BLOB_UNKNOWN'],
  'digest-invalid': [400, 'DIGEST_INVALID'],
  'digest-mismatch': [400, 'DIGEST_INVALID'],
  'digest-unsupported': [400, 'DIGEST_INVALID'],
  'manifest-blob-unknown': [404, 'MANIFEST_BLOB_UNKNOWN'],
  'manifest-invalid': [400, 'MANIFEST_INVALID'],
  'manifest-too-large': [413, 'MANIFEST_INVALID'],
  'manifest-unknown': [404, 'MANIFEST_UNKNOWN'],
  'name-invalid': [400, 'NAME_INVALID'],
  'name-unknown': [404, 'NAME_UNKNOWN'],
  'page-invalid': [400, 'UNSUPPORTED'],
  published: [409, 'DENIED'],
  'quota-exceeded': [413, 'DENIED'],
  'quota-invalid': [422, 'UNSUPPORTED'],
  'rule-invalid': [422, 'UNSUPPORTED'],
  'size-mismatch': [400, 'SIZE_INVALID'],
  'tag-immutable': [409, 'DENIED'],
  'tag-invalid': [400, 'MANIFEST_INVALID'],
  'upload-busy': [409, 'BLOB_UPLOAD_INVALID'],
  'upload-out-of-order': [416, 'BLOB_UPLOAD_INVALID'],
  'upload-range-invalid': [416, 'BLOB_UPLOAD_INVALID'],
  'upload-too-large': [413, 'SIZE_INVALID'],
  'upload-unknown': [404, 'BLOB_UPLOAD_UNKNOWN'],
};
const REQUEST: Readonly<Record<RequestErrorCode, number>> = {
  'audit-page-invalid': 400,
  'body-too-large': 413,
  'body-too-slow': 408,
  'coding-unsupported': 415,
  'headers-too-large': 431,
  'host-foreign': 421,
  'json-invalid': 400,
  'media-type-unsupported': 415,
  'method-not-allowed': 405,
  'oids-invalid': 400,
  'origin-foreign': 403,
  'path-unknown': 404,
  'range-unsatisfiable': 416,
  'reference-invalid': 400,
  'request-malformed': 400,
  'service-unknown': 403,
  'too-many-requests': 429,
};
const STORE: Readonly<Record<StoreErrorCode, readonly [number, string]>> = {
  busy: [503, 'unavailable'],
  closed: [503, 'unavailable'],
  damaged: [500, 'internal'],
  failed: [500, 'internal'],
  full: [507, 'no-room'],
  missing: [500, 'internal'],
  'read-only': [503, 'read-only'],
};
const SECRET = 'open /srv/secret/keys.lmdb failed';

describe('the answer to an error', () => {
  test.each(Object.entries(OCI))('of the OCI domain has its status and code: %s', (code, [status, ociCode]) => {
    const answer = answerTo(new OciError(code as OciErrorCode, 'what is wrong', { about: 1 }));
    expect(answer).toEqual({ status, code, ociCode, message: 'what is wrong', detail: { about: 1 } });
  });

  test.each(Object.entries(REQUEST))('of a request has its status: %s', (code, status) => {
    expect(answerTo(new RequestError(code as RequestErrorCode, 'what is wrong'))).toMatchObject({
      status,
      code,
      message: 'what is wrong',
    });
  });

  test.each(Object.entries(STORE))('of a store tells nothing of the store: %s', (code, [status, told]) => {
    const answer = answerTo(new StoreError(code as StoreErrorCode, SECRET, { cause: new Error(SECRET) }));
    expect(answer).toMatchObject({ status, code: told });
    expect(answer.retryAfter === undefined).toBe(status !== 503);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  test.each([
    [new Error(SECRET)],
    [new TypeError(SECRET)],
    [SECRET],
    [undefined],
    [null],
    [{ code: 'blob-unknown', message: SECRET }],
  ])('of any other kind is 500 and tells nothing: %s', (error) => {
    const answer = answerTo(error);
    expect(answer).toMatchObject({ status: 500, code: 'internal', ociCode: 'UNKNOWN' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('the body of an error', () => {
  const answer: Answer = {
    status: 404,
    code: 'blob-unknown',
    ociCode: 'BLOB_UNKNOWN',
    message: 'no "such" blob',
    detail: { digest: 'd' },
  };
  const bare: Answer = { status: 500, code: 'internal', ociCode: 'UNKNOWN', message: 'failed' };

  test.each(['/v2', '/v2/', '/v2/a/blobs/x?y=/api/v1/'])('is the OCI envelope at %s', (path) => {
    const { contentType, body } = errorBody(path, answer, undefined);
    expect(contentType).toBe('application/json');
    expect(JSON.parse(body.toString())).toEqual({
      errors: [{ code: 'BLOB_UNKNOWN', message: 'no "such" blob', detail: { digest: 'd' } }],
    });
  });

  test.each(['/', '/v20', '/v2x/', '/api/v1/families', '', '*', '/V2/'])('is a problem of RFC 9457 at %j', (path) => {
    const { contentType, body } = errorBody(path, answer, undefined);
    expect(contentType).toBe('application/problem+json');
    expect(JSON.parse(body.toString())).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'blob-unknown',
      detail: 'no "such" blob',
      about: { digest: 'd' },
    });
  });

  test('carries the id under which the log tells more', () => {
    expect(JSON.parse(errorBody('/v2/', bare, 'id-1').body.toString())).toEqual({
      errors: [{ code: 'UNKNOWN', message: 'failed', detail: { requestId: 'id-1' } }],
    });
    expect(JSON.parse(errorBody('/', bare, 'id-1').body.toString())).toMatchObject({ status: 500, requestId: 'id-1' });
    expect(JSON.parse(errorBody('/v2/', bare, undefined).body.toString())).toEqual({
      errors: [{ code: 'UNKNOWN', message: 'failed' }],
    });
  });
});
