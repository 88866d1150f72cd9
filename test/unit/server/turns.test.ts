import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Proxies } from '../../../server/proxies.ts';
import { Turns, type Work } from '../../../server/turns.ts';

/** An answer that can be ended, and whose client can go away. */
class Answer extends EventEmitter {
  destroyed = false;
  readonly req = { socket: { destroyed: false } };

  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function take(
  turns: Turns,
  remoteAddress: string,
  work: Work = 'upload',
): { readonly answer: Answer; readonly turn: Promise<void> } {
  const answer = new Answer();
  const req = { socket: { remoteAddress }, headers: {} } as IncomingMessage;
  return { answer, turn: turns.take(work, req, answer as unknown as ServerResponse) };
}

function makeTurns(waitMs = 20): Turns {
  return new Turns({ upload: 2, pack: 1 }, new Proxies([]), waitMs);
}

test('a client has so many turns of each kind, and others have their own', async () => {
  const turns = makeTurns();
  await take(turns, '192.0.2.1').turn;
  await take(turns, '192.0.2.1').turn;
  await take(turns, '192.0.2.1', 'pack').turn;
  await expect(take(turns, '192.0.2.1').turn).rejects.toThrow(/2 uploads/);
  await expect(take(turns, '192.0.2.1', 'pack').turn).rejects.toThrow(/1 clones/);
  await take(turns, '192.0.2.2').turn;
});

test('a turn comes back when the answer is over, and goes to who has waited longest', async () => {
  const turns = makeTurns(60_000);
  const [first, second] = [take(turns, '192.0.2.1'), take(turns, '192.0.2.1')];
  await Promise.all([first.turn, second.turn]);
  const order: number[] = [];
  const waiting = [0, 1, 2, 3].map((at) => {
    const one = take(turns, '192.0.2.1');
    return { ...one, turn: one.turn.then(() => void order.push(at)) };
  });
  for (const { answer } of [first, second]) answer.close();
  await Promise.all(waiting.slice(0, 2).map(({ turn }) => turn));
  expect(order).toEqual([0, 1]);
  for (const { answer } of waiting.slice(0, 2)) answer.close();
  await Promise.all(waiting.map(({ turn }) => turn));
  expect(order).toEqual([0, 1, 2, 3]);
});

test('who goes away while waiting takes no turn with it', async () => {
  const turns = makeTurns(60_000);
  const [first, second] = [take(turns, '192.0.2.1'), take(turns, '192.0.2.1')];
  await Promise.all([first.turn, second.turn]);
  const [gone, stays] = [take(turns, '192.0.2.1'), take(turns, '192.0.2.1')];
  gone.answer.close();
  await expect(gone.turn).rejects.toThrow(/try again|went away/);
  first.answer.close();
  await stays.turn;
  // Both turns are held again, and both come back.
  for (const { answer } of [second, stays]) answer.close();
  await Promise.all([take(turns, '192.0.2.1').turn, take(turns, '192.0.2.1').turn]);
});

test('who has gone before the turn is asked for holds none', async () => {
  const turns = makeTurns();
  for (let at = 0; at < 5; at += 1) {
    const answer = new Answer();
    answer.close();
    const req = { socket: { remoteAddress: '192.0.2.1' }, headers: {} } as IncomingMessage;
    await expect(turns.take('upload', req, answer as unknown as ServerResponse)).rejects.toThrow(/went away/);
  }
  await take(turns, '192.0.2.1').turn;
});

test('only so many wait', async () => {
  const turns = makeTurns(60_000);
  const held = take(turns, '192.0.2.1', 'pack');
  await held.turn;
  const waiting = Array.from({ length: 16 }, () => take(turns, '192.0.2.1', 'pack'));
  await expect(take(turns, '192.0.2.1', 'pack').turn).rejects.toThrow(/try again/);
  const ended = Promise.allSettled(waiting.map(({ turn }) => turn));
  for (const { answer } of [held, ...waiting]) answer.close();
  await ended;
});

test('all addresses of one IPv6 network are one client', async () => {
  const turns = makeTurns();
  await take(turns, '2001:db8::1').turn;
  await take(turns, '2001:db8:0:0:5::2').turn;
  await expect(take(turns, '2001:db8:0000::ffff').turn).rejects.toThrow(/try again/);
  await take(turns, '2001:db8:0:1::1').turn;
});
