import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Proxies } from '../../../server/proxies.ts';
import { Turns } from '../../../server/turns.ts';

function take(turns: Turns, remoteAddress: string, work: 'upload' | 'pack' = 'upload'): EventEmitter {
  const res = new EventEmitter();
  turns.take(work, { socket: { remoteAddress }, headers: {} } as IncomingMessage, res as unknown as ServerResponse);
  return res;
}

function makeTurns(): Turns {
  return new Turns({ upload: 2, pack: 1 }, new Proxies([]));
}

test('a client has so many turns of each kind, and others have their own', () => {
  const turns = makeTurns();
  take(turns, '192.0.2.1');
  take(turns, '192.0.2.1');
  take(turns, '192.0.2.1', 'pack');
  expect(() => take(turns, '192.0.2.1')).toThrow(/2 uploads/);
  expect(() => take(turns, '192.0.2.1', 'pack')).toThrow(/1 clones/);
  take(turns, '192.0.2.2');
});

test('a turn comes back when the answer is over, once', () => {
  const turns = makeTurns();
  const first = take(turns, '192.0.2.1');
  take(turns, '192.0.2.1');
  first.emit('close');
  first.emit('close');
  take(turns, '192.0.2.1');
  expect(() => take(turns, '192.0.2.1')).toThrow(/try again/);
});

test('all addresses of one IPv6 network are one client', () => {
  const turns = makeTurns();
  take(turns, '2001:db8::1');
  take(turns, '2001:db8:0:0:5::2');
  expect(() => take(turns, '2001:db8:0000::ffff')).toThrow(/try again/);
  take(turns, '2001:db8:0:1::1');
});
