import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GitError } from '../../../lib/git/error.ts';
import {
  dataPacket,
  DELIMITER,
  FLUSH,
  MAX_PAYLOAD,
  type Packet,
  RESPONSE_END,
  textOf,
  textPacket,
} from '../../../lib/git/pkt-line.ts';
import { PktReader } from '../../../lib/git/pkt-reader.ts';
import {
  BAND_DATA,
  BAND_PAYLOAD,
  BAND_PROGRESS,
  bandPackets,
  bandText,
  SMALL_BAND_PAYLOAD,
} from '../../../lib/git/side-band.ts';
import { gather } from './support/memory-repository.ts';

/** Bytes cut wherever the lengths say. */
async function* cut(bytes: Uint8Array, lengths: readonly number[] = []): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
    at += length;
  }
  yield bytes.subarray(at);
}

async function packets(bytes: Uint8Array, lengths?: readonly number[]): Promise<Packet[]> {
  const reader = new PktReader(cut(bytes, lengths));
  const found: Packet[] = [];
  for (let next = await reader.next(); next !== undefined; next = await reader.next()) found.push(next);
  return found;
}

describe('packets', () => {
  it('read back as they were written, wherever the network cuts them', async () => {
    const law = fc.asyncProperty(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(FLUSH, DELIMITER, RESPONSE_END))),
      fc.array(fc.nat(50)),
      async (payloads, lengths) => {
        const special = [FLUSH, DELIMITER, RESPONSE_END] as Uint8Array[];
        const bytes = Buffer.concat(payloads.map((each) => (special.includes(each) ? each : dataPacket(each))));
        const kinds = ['flush', 'delimiter', 'response-end'];
        const expected = payloads.map((each) =>
          special.includes(each)
            ? { kind: kinds[special.indexOf(each)] }
            : { kind: 'data', payload: Buffer.from(each) },
        );
        expect(await packets(bytes, lengths)).toEqual(expected);
      },
    );
    await fc.assert(law);
  });

  it('carry at most 65516 bytes', async () => {
    expect(await packets(dataPacket(Buffer.alloc(MAX_PAYLOAD)))).toHaveLength(1);
    expect(() => dataPacket(Buffer.alloc(MAX_PAYLOAD + 1))).toThrow(GitError);
  });

  it('end text with one newline that is none of it', () => {
    expect(textPacket('done').toString()).toBe('0009done\n');
    expect(textOf(Buffer.from('done\n'))).toBe('done');
    expect(textOf(Buffer.from('done\n\n'))).toBe('done\n');
    expect(textOf(Buffer.from(''))).toBe('');
  });

  it.each(['0003', '000', 'zzzz', '-001', ' 004', '0x04', 'ffff', '0010short'])(
    'that are broken are refused: %s',
    async (bytes) => {
      await expect(packets(Buffer.from(bytes))).rejects.toBeInstanceOf(GitError);
    },
  );

  it('are read or refused, whatever the bytes', async () => {
    const law = fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      const error = await packets(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error === undefined || error instanceof GitError).toBe(true);
    });
    await fc.assert(law, { numRuns: 500 });
  });

  it('beyond the limit are refused', async () => {
    const reader = new PktReader(cut(Buffer.concat(Array.from({ length: 5 }, () => FLUSH))), {
      packets: 4,
      bytes: 1000,
    });
    for (let count = 0; count < 4; count += 1) await reader.next();
    await expect(reader.next()).rejects.toMatchObject({ code: 'limit-exceeded' });
    const large = new PktReader(cut(Buffer.concat([textPacket('12345'), textPacket('6')])), { packets: 9, bytes: 9 });
    await large.next();
    await expect(large.next()).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('leave what follows to be read as it is', async () => {
    const law = fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat(20)), async (rest, lengths) => {
      const reader = new PktReader(cut(Buffer.concat([textPacket('first'), FLUSH, rest]), lengths));
      expect(await reader.lines()).toEqual(['first']);
      expect(await gather(reader.rest())).toEqual(Buffer.from(rest));
    });
    await fc.assert(law);
  });
});

describe('the side band', () => {
  it('carries bytes of any number in packets that are full', async () => {
    const law = fc.asyncProperty(
      fc.nat(3 * BAND_PAYLOAD),
      fc.constantFrom(BAND_PAYLOAD, SMALL_BAND_PAYLOAD),
      async (size, payload) => {
        const data = Buffer.alloc(size, 'side band ');
        const carried = (await packets(bandPackets(BAND_DATA, data, payload))).map((each) =>
          each.kind === 'data' ? each.payload : Buffer.alloc(0),
        );
        expect(carried.every((each) => each[0] === BAND_DATA)).toBe(true);
        expect(carried.slice(0, -1).every((each) => each.length === payload + 1)).toBe(true);
        expect(Buffer.concat(carried.map((each) => each.subarray(1))).equals(data)).toBe(true);
      },
    );
    await fc.assert(law, { numRuns: 20 });
  });

  it('says text', () => {
    expect(bandText(BAND_PROGRESS, 'half\n').toString()).toBe('000a\u0002half\n');
  });
});
