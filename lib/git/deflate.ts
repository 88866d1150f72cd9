import { deflate, deflateSync } from 'node:zlib';

/** Up to this size deflating on the spot is no slice that anyone notices. */
const DEFLATE_AT_ONCE = 64 * 1024;
/** What we deflate ourselves is mostly small and written while somebody waits. */
const LEVEL = 1;

export interface Deflated {
  readonly encoding: 'zlib' | 'raw';
  readonly body: Buffer;
}

/** The shorter of the content's zlib stream and the content itself. */
export async function deflateContent(content: Buffer): Promise<Deflated> {
  const stream =
    content.length <= DEFLATE_AT_ONCE ? deflateSync(content, { level: LEVEL }) : await deflateAside(content);
  return stream.length < content.length ? { encoding: 'zlib', body: stream } : { encoding: 'raw', body: content };
}

function deflateAside(content: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflate(content, { level: LEVEL }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
