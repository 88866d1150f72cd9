import { readFileSync } from 'node:fs';
import Koa from 'koa';
import type { Reply } from './bare-koa.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: bare-koa-process <reply.json>');

const reply = JSON.parse(readFileSync(path, 'utf8')) as Reply;
const body = Buffer.from(reply.bodyBase64, 'base64');

const app = new Koa();
app.use((ctx) => {
  for (const [name, value] of reply.headers) ctx.set(name, value);
  ctx.body = body;
});

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  console.log(`http://127.0.0.1:${address.port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
