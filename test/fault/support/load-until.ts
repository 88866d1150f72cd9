import { expect } from 'vitest';
import type { Server } from '../../support/server.ts';
import type { MixedLoad } from './mixed-load.ts';

const CLIENTS = 8;

/** The same load as ever, until so much has come of it. */
export async function loadUntil(server: Server, load: MixedLoad, isEnough: () => boolean): Promise<void> {
  const over = new AbortController();
  const clients = load.run(server, CLIENTS, over.signal);
  try {
    const told = (): string => {
      const waiting = [...load.underWay].map(({ kind }) => kind).join(', ');
      return `${load.acknowledged.length} acknowledged, ${load.refusals.length} refused, under way: ${waiting}`;
    };
    await expect
      .poll(() => isEnough() || told(), { interval: 20, timeout: 60_000, message: server.said.slice(-3000) })
      .toBe(true);
  } finally {
    over.abort();
    await clients;
  }
}
