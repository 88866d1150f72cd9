import { answerEmpty } from '../../empty-answer.ts';
import type { Context } from 'koa';
import type { Digest } from '../../../lib/encoding/digest.ts';
import type { ChunkPlace } from '../../../lib/oci/uploads.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { blobPath, uploadPath } from './paths.ts';

/** The blob is there. */
export function created(ctx: Context, family: string, digest: Digest): void {
  answerEmpty(ctx, 201);
  ctx.set('Location', blobPath(family, digest));
  ctx.set('Docker-Content-Digest', digest);
}

/** So much has arrived. With nothing yet the range is 0-0 all the same, as clients of Docker's registry expect. */
export function inProgress(ctx: Context, status: 202 | 204, family: string, id: string, size: number): void {
  answerEmpty(ctx, status);
  ctx.set('Location', uploadPath(family, id));
  ctx.set('Docker-Upload-UUID', id);
  ctx.set('Range', `0-${Math.max(0, size - 1)}`);
}

/** Where a chunk says that it stands: its Content-Range, which must agree with its length. */
export function chunkPlace(ctx: Context): ChunkPlace | undefined {
  const header = ctx.get('Content-Range');
  if (header === '') return undefined;
  const found = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  const [, first, last] = found ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw new OciError('upload-range-invalid', 'Content-Range is <first byte>-<last byte>', {
      range: header.slice(0, 100),
    });
  }
  const length = Number(last) - Number(first) + 1;
  const declared = ctx.get('Content-Length');
  if (declared !== '' && Number(declared) !== length) {
    throw new OciError(
      'size-mismatch',
      `Content-Range speaks of ${length} bytes and Content-Length of ${Number(declared)}`,
    );
  }
  return { start: Number(first), length };
}
