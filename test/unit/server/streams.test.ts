import { once } from 'node:events';
import { Agent, createServer, get, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { bodyOf, declaredLength, awaitsContinue, wholeBody } from '../../../server/body.ts';
import { Connections } from '../../../server/connections.ts';
import { sendStream } from '../../../server/send-stream.ts';
import { parseDuration } from '../../../server/settings.ts';
import { failingAfter, gathered, inPieces, isSame, someBytes, SourceFailure } from '../../contract/byte-sources.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  server = undefined;
});

/** Serves with one handler and tells how it ended. */
async function serving(handle: Handler, timeoutMs = 5000): Promise<{ url: string; ended: Promise<unknown> }> {
  let handled: ((how: unknown) => void) | undefined;
  const ended = new Promise((resolve) => {
    handled = resolve;
  });
  const end = (how: unknown): void => handled?.(how);
  server = createServer((req, res) => {
    connections.began(res);
    handle(req, res).then(
      () => end('done'),
      (error: unknown) => {
        res.destroy();
        end(error);
      },
    );
  });
  const connections = new Connections(server);
  connections.cutStalled(server, timeoutMs);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ended };
}

/** The bytes of an answer, or that it did not come to its end. */
function fetchBytes(url: string, agent: Agent | false = false): Promise<Buffer | 'cut'> {
  return new Promise((resolve) => {
    const asked = get(url, { agent }, (res) => {
      const pieces: Buffer[] = [];
      res.on('data', (piece: Buffer) => pieces.push(piece));
      res.on('close', () => resolve(res.complete ? Buffer.concat(pieces) : 'cut'));
      res.on('error', () => resolve('cut'));
    });
    asked.on('error', () => resolve('cut'));
  });
}

function post(
  url: string,
  body: Buffer | undefined,
  then?: (asked: ReturnType<typeof request>) => void,
): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(url, { method: 'POST', agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    if (then !== undefined) then(asked);
    else asked.end(body);
  });
}

/** A request as far as its headers matter. */
function withHeaders(headers: object): IncomingMessage {
  return { headers } as IncomingMessage;
}

describe('bytes that are sent', () => {
  const bytes = someBytes(5 * 1024 * 1024 + 7);
  const headers = ['content-length', String(bytes.length)];

  test('arrive whole', async () => {
    const { url, ended } = await serving((_, res) => sendStream(res, 200, headers, inPieces(bytes), bytes.length));
    const received = await fetchBytes(url);
    expect(received !== 'cut' && isSame(received, bytes)).toBe(true);
    expect(await ended).toBe('done');
  });

  test('can still be refused when there is no first piece', async () => {
    const { url, ended } = await serving(async (_, res) => {
      await sendStream(res, 200, headers, failingAfter(Buffer.alloc(0)), bytes.length).catch(() => {
        res.writeHead(500, { 'content-length': '2' }).end('no');
      });
    });
    expect(String(await fetchBytes(url))).toBe('no');
    await ended;
  });

  test('are cut when the source fails in their midst', async () => {
    const { url, ended } = await serving((_, res) =>
      sendStream(res, 200, headers, failingAfter(bytes.subarray(0, 3_000_000)), bytes.length),
    );
    expect(await fetchBytes(url)).toBe('cut');
    expect(await ended).toBeInstanceOf(SourceFailure);
  });

  test('are cut when the source has fewer than were promised, or the next answer would be taken for the rest', async () => {
    const { url, ended } = await serving((_, res) =>
      sendStream(res, 200, headers, inPieces(bytes.subarray(0, 3_000_000)), bytes.length),
    );
    const agent = new Agent({ keepAlive: true });
    const waiting = new Promise((resolve) => setTimeout(resolve, 1000, 'the client still waits'));
    const first = await Promise.race([fetchBytes(url, agent), waiting]);
    agent.destroy();
    expect(first).toBe('cut');
    expect(await ended).toMatchObject({ code: 'failed' });
  });

  test('can still be refused when there is nothing of what was promised', async () => {
    const { url, ended } = await serving(async (_, res) => {
      await sendStream(res, 200, headers, inPieces(Buffer.alloc(0)), bytes.length).catch(() => {
        res.writeHead(500, { 'content-length': '2' }).end('no');
      });
    });
    expect(String(await fetchBytes(url))).toBe('no');
    await ended;
  });
});

/** Takes `bytes` every `everyMs`, and tells how many came until the connection ended or so many were there. */
function takeSlowly(url: string, bytes: number, everyMs: number, enough: number): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    function end(): void {
      clearInterval(timer);
      socket.destroy();
      resolve(received);
    }
    let open = 0;
    const timer = setInterval(() => {
      open = bytes;
      socket.resume();
    }, everyMs);
    socket.on('data', (piece) => {
      received += piece.length;
      open -= piece.length;
      if (received >= enough) end();
      else if (open <= 0) socket.pause();
    });
    socket.on('error', end).on('close', end);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  });
}

describe('a reader', () => {
  const TIMEOUT_MS = 200;
  const PIECE = 1024 * 1024;

  /** Pieces without end, and how many were asked for. */
  function endless(): { pieces: AsyncIterable<Uint8Array>; taken: () => number; closed: () => boolean } {
    let taken = 0;
    let closed = false;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          taken += 1;
          yield Buffer.alloc(PIECE);
        }
      } finally {
        closed = true;
      }
    }
    return { pieces: pieces(), taken: () => taken, closed: () => closed };
  }

  test('who takes nothing for too long is cut, having cost a piece more than the connection holds', async () => {
    const { pieces, taken, closed } = endless();
    const { url, ended } = await serving((_, res) => sendStream(res, 200, [], pieces, Infinity), TIMEOUT_MS);
    const asked = get(url, { agent: false }, (res) => res.pause());
    asked.on('error', () => {});
    await ended;
    asked.destroy();
    expect(closed()).toBe(true);
    expect(taken()).toBeLessThan(16);
  });

  test('who takes nothing of an answer that was given as a whole is cut, too', async () => {
    const { url, ended } = await serving(async (_, res) => {
      res.end(Buffer.alloc(64 * PIECE));
      await once(res, 'close');
    }, TIMEOUT_MS);
    const asked = get(url, { agent: false }, (res) => res.pause());
    asked.on('error', () => {});
    expect(await ended).toBe('done');
    asked.destroy();
  });

  test('who is slow and steady is served, though a piece takes longer than the timeout', async () => {
    const { url } = await serving(async (_, res) => {
      res.writeHead(200, { 'content-length': String(512 * PIECE) }).end(Buffer.alloc(512 * PIECE));
    }, TIMEOUT_MS);
    const enough = 60 * PIECE;
    expect(await takeSlowly(url, 2 * PIECE, 50, enough)).toBeGreaterThanOrEqual(enough);
  });

  test('who waits for a slow handler is not cut, nor is a connection that is kept for later', async () => {
    const { url } = await serving(async (_, res) => {
      await sleep(3 * TIMEOUT_MS);
      res.writeHead(200, { 'content-length': '2' }).end('ok');
    }, TIMEOUT_MS);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const made: unknown[] = [];
    server?.on('connection', (socket) => made.push(socket));
    expect(String(await fetchBytes(url, agent))).toBe('ok');
    await sleep(3 * TIMEOUT_MS);
    expect(String(await fetchBytes(url, agent))).toBe('ok');
    agent.destroy();
    expect(made).toHaveLength(1);
  });

  test('who goes away before the turn of a later answer leaves nothing open', async () => {
    const { pieces, closed } = endless();
    let asked = 0;
    let left: Promise<void> | undefined;
    const { url } = await serving(async (_, res) => {
      asked += 1;
      if (asked === 1) await sleep(1000);
      else await (left = sendStream(res, 200, [], pieces, Infinity));
    });
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await expect.poll(() => left !== undefined).toBe(true);
    socket.destroy();
    await left;
    expect(closed()).toBe(true);
  });

  test('who never asks is left to the timeout of heads', async () => {
    const { url } = await serving(async () => {}, TIMEOUT_MS);
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    await sleep(3 * TIMEOUT_MS);
    expect(socket.destroyed || socket.readableEnded).toBe(false);
    socket.destroy();
  });
});

describe('a body', () => {
  const TIMEOUT_MS = 5000;

  test('comes as it was sent', async () => {
    const bytes = someBytes(2_000_000);
    const { url } = await serving(async (req, res) => {
      const received = await gathered(bodyOf(req, res, TIMEOUT_MS));
      res.writeHead(isSame(received, bytes) ? 200 : 400).end();
    });
    expect(await post(url, bytes)).toBe(200);
  });

  test('is refused beyond its limit, declared or not, and taken at it', async () => {
    const { url } = await serving(async (req, res) => {
      const whole = await wholeBody(req, res, 1000, TIMEOUT_MS, () => new Error('too large')).catch(() => undefined);
      res.writeHead(whole === undefined ? 413 : 200).end();
    });
    expect(await post(url, someBytes(1000))).toBe(200);
    expect(await post(url, someBytes(1001))).toBe(413);
    const status = await post(url, undefined, (asked) => {
      asked.write(someBytes(600));
      setTimeout(() => asked.end(someBytes(600)), 20);
    });
    expect(status).toBe(413);
  });

  test('that brings nothing more is told to be too slow, and can still be answered', async () => {
    const { url, ended } = await serving(async (req, res) => {
      await gathered(bodyOf(req, res, 60)).catch((error: unknown) => {
        res.writeHead(408).end();
        throw error;
      });
    });
    const slow = post(url, undefined, (asked) => {
      asked.setHeader('content-length', '1000');
      asked.write('x');
    });
    expect(await ended).toMatchObject({ code: 'body-too-slow' });
    await slow;
  });

  test('that trickles is told to be too slow, however long it is', async () => {
    const { url, ended } = await serving(async (req, res) => {
      await gathered(bodyOf(req, res, 300));
    });
    const slow = post(url, undefined, (asked) => {
      asked.setHeader('content-length', '1000000');
      const trickle = setInterval(() => asked.write('x'), 10);
      asked.on('close', () => clearInterval(trickle));
    });
    expect(await ended).toMatchObject({ code: 'body-too-slow' });
    await slow;
  });

  test('is not called slow for what the one who reads it takes its time over', async () => {
    const bytes = someBytes(400_000);
    const { url } = await serving(async (req, res) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of bodyOf(req, res, 100)) {
        if (pieces.length === 0) await sleep(500);
        pieces.push(piece);
      }
      res.writeHead(isSame(Buffer.concat(pieces), bytes) ? 200 : 400).end();
    });
    expect(await post(url, bytes)).toBe(200);
  });

  test('whose client goes away in its midst fails', async () => {
    const { url, ended } = await serving(async (req, res) => {
      await gathered(bodyOf(req, res, TIMEOUT_MS));
    });
    await post(url, undefined, (asked) => {
      asked.setHeader('content-length', '1000');
      asked.write('x');
      setTimeout(() => asked.destroy(), 30);
    });
    expect(await ended).toBeInstanceOf(Error);
  });

  test('is not too slow at once under a timeout longer than timers take', async () => {
    const { url } = await serving(async (req, res) => {
      const received = await gathered(bodyOf(req, res, parseDuration('30d'))).catch(() => undefined);
      res.writeHead(received === undefined ? 408 : 200).end();
    });
    const status = await post(url, undefined, (asked) => {
      asked.setHeader('content-length', '2');
      asked.write('x');
      setTimeout(() => asked.end('y'), 60);
    });
    expect(status).toBe(200);
  });

  test('says in its head how long it is and whether it waits to be asked for', () => {
    expect(declaredLength(withHeaders({ 'content-length': '12' }))).toBe(12);
    expect(declaredLength(withHeaders({}))).toBe(0);
    expect(awaitsContinue(withHeaders({ expect: '100-Continue' }))).toBe(true);
    expect(awaitsContinue(withHeaders({ expect: 'nothing' }))).toBe(false);
    expect(awaitsContinue(withHeaders({}))).toBe(false);
  });
});
