import { LogError } from '../../../lib/log/log-error.ts';
import { parseTilePath } from '../../../lib/log/tile.ts';
import { IMMUTABLE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { TILE } from './paths.ts';

/** Hashes of the tree, or the entries below them. A tile of one width is the same for ever, whether it is full or not. */
export const tile: Route = {
  name: 'log-tile',
  method: 'GET',
  path: TILE,
  async handle(ctx, { publicLog }, [path = '']) {
    const name = parseTilePath(path);
    if (name === undefined)
      throw new LogError('tile-unknown', 'no tile has this path: tile/<level>/<number>[.p/<width>]');
    const bytes = await publicLog.tile(name.level, name.index, name.width);
    ctx.set('Cache-Control', IMMUTABLE);
    ctx.set('Content-Type', 'application/octet-stream');
    ctx.body = bytes;
  },
};
