import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeServer } from './app.ts';
import { requireTrust, type Config } from './config.ts';
import type { Connections } from './connections.ts';
import { openContext, type Context, type ServerContext } from './context.ts';
import { describeError, makeLog, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { publicationStatus } from '../lib/publication/publication-status.ts';
import { startPublication } from './publication.ts';
import { startTracing } from './trace/start-tracing.ts';
import { startUpkeep } from './upkeep.ts';

/** After so long in draining, requests that are still under way are cut. */
const DRAIN_MS = 30_000;

/** Listens, serves until a signal comes, drains and closes. */
export async function serve(config: Config, print: (line: string) => void): Promise<void> {
  requireTrust(config);
  const log = makeLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  surviveStrayRejections(log);
  // Whoever reads that the server listens may tell it to end at once.
  const told = firstSignal();
  const tracing = config.tracing === undefined ? undefined : startTracing(config.tracing, log);
  const context = await openContext(config, tracing?.tracer);
  try {
    await announceLeftOvers(context, log);
    const metrics = new Metrics();
    const publication = await startPublication(context, log);
    if (publication !== undefined) {
      const { renderer, target } = publication;
      metrics.publication(async () => publicationStatus(context.stores.keys, target, await renderer.size()));
    }
    const { server, connections } = makeServer({
      registry: context.registry,
      definitions: context.definitions,
      openSpool: context.openSpool,
      packLimits: context.packLimits,
      content: context.registry.content,
      publicLog: context.publicLog,
      blobLinks: config.blobRedirect ? context.blobLinks : undefined,
      runs: context.runs,
      publication,
      stores: context.stores,
      metrics,
      log,
      logRequests: config.logRequests,
      tracer: tracing?.tracer,
      bodyTimeoutMs: config.bodyTimeoutMs,
      ready: () => probe(context),
    });
    const address = await listen(server, config);
    print(`Assay listens on ${urlOf(address)}`);
    if (config.trust === 'network') print('Whoever reaches this address may read, write and delete (trust: network).');
    const upkeep = startUpkeep(context, metrics, log);
    const signal = await told;
    log.info('draining', { signal });
    // A publication that hangs, of its own or for somebody who asked for it, is cut at once.
    await Promise.all([drain(server, connections), publication?.stop()]);
    await upkeep.stop();
  } finally {
    await context.close();
    await tracing?.close();
  }
}

/** What was committed and not yet put into the public log when the last server ended. Nothing else goes into the log before. */
async function announceLeftOvers({ publicLog }: ServerContext, log: Log): Promise<void> {
  await publicLog.flush().catch((error: unknown) => {
    // What can be read can be served, also where nothing can be written.
    log.error('events wait for the public log', { error: describeError(error) });
  });
}

/**
 * When a commit fails on a full disk, the store's native side rejects a second promise that nobody can hold. What was
 * asked for was answered with the first; the process must not end by the second.
 */
function surviveStrayRejections(log: Log): void {
  process.on('unhandledRejection', (reason) => log.error('stray rejection', { error: describeError(reason) }));
}

async function probe({ stores }: Context): Promise<void> {
  await stores.keys.get(Buffer.from('R'));
}

function listen(server: Server, { host, port }: Config): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${host}:${port}: ${reasonOf(cause)}`, { cause }));
    });
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo));
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another program listens there; choose another with --port';
  if (code === 'EACCES') return 'this user may not; ports below 1024 need privileges';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address';
  return message;
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    function onSignal(signal: string): void {
      // Who asks twice does not want to wait.
      if (seen) process.exit(1);
      seen = true;
      resolve(signal);
    }
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Lets requests end that are under way, for a while, and closes every connection without one at once. */
async function drain(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.closeIdle();
  const idle = setInterval(() => connections.closeIdle(), 100);
  const cut = setTimeout(() => connections.closeAll(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}
