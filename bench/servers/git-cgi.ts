import { execFileSync, spawn } from 'node:child_process';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';

/** Git's own server: `git http-backend` as CGI (RFC 3875), for every bare repository below a folder. */
export function gitHandler(root: string): RequestListener {
  const program = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
  return (request, response) => {
    const child = spawn(program, { env: environment(root, request), stdio: ['pipe', 'pipe', 'ignore'] });
    child.once('error', () => response.destroy());
    // It may have heard enough before the request is over.
    child.stdin.on('error', () => undefined);
    request.pipe(child.stdin);
    answer(child.stdout, response);
    response.once('close', () => {
      if (!response.writableFinished) child.kill();
    });
  };
}

function environment(root: string, { method, url, headers }: IncomingMessage): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(url ?? '/', 'http://localhost');
  const length = headers['content-length'];
  return {
    PATH: process.env['PATH'],
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    // Whoever has a name may push.
    REMOTE_USER: 'somebody',
    REQUEST_METHOD: method,
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    ...(length === undefined ? {} : { CONTENT_LENGTH: length }),
  };
}

function answer(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const readHead = (piece: Buffer): void => {
    head = Buffer.concat([head, piece]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    output.off('data', readHead);
    writeHead(response, head.toString('latin1', 0, end));
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on('data', readHead);
  output.once('end', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const [name = '', value = ''] = line.split(': ');
    if (name === 'Status') status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}
