import { isImageType } from '../../../lib/record/media-type.ts';
import { mediaDigest } from '../../../lib/record/media.ts';
import { bodyOf, declaredLength } from '../../body.ts';
import { IMMUTABLE, sendFound } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { MEDIA } from './paths.ts';

/** Whatever the bytes are, a browser that shows them runs and loads nothing. */
const POLICY = "default-src 'none'; sandbox";

/** Bytes that belong to runs. What is not an image of a known type is to be saved and not shown. */
export const mediaGet: Route = {
  name: 'media',
  method: 'GET',
  path: MEDIA,
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

/** Takes bytes of that digest, before the record that names them. */
export const mediaPut: Route = {
  name: 'media-put',
  method: 'PUT',
  path: MEDIA,
  work: 'upload',
  async handle(ctx, app, [name = '']) {
    const digest = mediaDigest(name);
    app.runs.media.checkLength(declaredLength(ctx.req));
    ctx.status = 201;
    ctx.body = await app.runs.media.put(digest, bodyOf(ctx.req, ctx.res, app.bodyTimeoutMs));
  },
};
