import { createServer } from 'node:http';
import { gitHandler } from './git-cgi.ts';

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error('usage: git-http-backend-process <folder>');

const server = createServer(gitHandler(root)).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  console.log(`http://127.0.0.1:${address.port}`);
});

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
