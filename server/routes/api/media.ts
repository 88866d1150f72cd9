import { BYTES_TYPE, IMAGE_TYPES, isImageType } from '../../../lib/record/media-type.ts';
import { mediaDigest } from '../../../lib/record/media.ts';
import { STORED_MEDIA } from '../../../lib/record/schemas.ts';
import { bodyOf, declaredLength } from '../../body.ts';
import { IMMUTABLE, sendFound } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { MEDIA } from './paths.ts';

/** Whatever the bytes are, a browser that shows them runs and loads nothing. */
const POLICY = "default-src 'none'; sandbox";

export const mediaGet: Route = {
  name: 'media',
  method: 'GET',
  path: MEDIA,
  api: {
    summary: 'Bytes that belong to runs; what is no image of a known type is to be saved and not shown',
    answers: { 200: { says: 'the bytes', bytes: [BYTES_TYPE, ...IMAGE_TYPES] } },
    refuses: ['media-invalid', 'media-unknown'],
  },
  async handle(ctx, app, [name = '']) {
    const { digest, mediaType, located } = await app.runs.media.find(mediaDigest(name));
    ctx.respond = false;
    ctx.status = 200;
    ctx.set('Content-Security-Policy', POLICY);
    if (!isImageType(mediaType)) ctx.set('Content-Disposition', 'attachment');
    const found = {
      digest,
      body: located,
      contentType: mediaType,
      cacheControl: IMMUTABLE,
      isOci: false,
      ranges: true,
    };
    await sendFound(ctx.req, ctx.res, found, app);
  },
};

export const mediaPut: Route = {
  name: 'media-put',
  method: 'PUT',
  path: MEDIA,
  work: 'upload',
  api: {
    summary: 'Takes bytes of that digest, before the record that names them',
    takes: { mediaType: BYTES_TYPE, says: 'the bytes, under whichever type' },
    answers: { 201: { says: 'what is stored', json: STORED_MEDIA } },
    refuses: ['media-invalid', 'media-too-large'],
  },
  async handle(ctx, app, [name = '']) {
    const digest = mediaDigest(name);
    app.runs.media.checkLength(declaredLength(ctx.req));
    ctx.status = 201;
    ctx.body = await app.runs.media.put(digest, bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs));
  },
};
