import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FormatWait } from '../lib/store/data-format.ts';
import type { KeyedStore } from '../lib/store/keyed-store.ts';
import { probeKey } from '../lib/store/keys.ts';
import { makeServer } from './app.ts';
import type { Config } from './config.ts';
import type { Connections } from './connections.ts';
import { openContext, type Context, type ServerContext } from './context.ts';
import { DRAIN_MS } from './end-limit.ts';
import { describeError, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { publicationStanding } from '../lib/publication/publication-status.ts';
import { LOOPBACK, Proxies } from './proxies.ts';
import { makeReadiness, type Asked } from './readiness.ts';
import { startPublication } from './publication.ts';
import { Turns } from './turns.ts';
import { startTracing } from './trace/start-tracing.ts';
import { startUpkeep } from './upkeep.ts';

const WAITS: Readonly<Record<FormatWait, string>> = {
  'another brings it forward': 'waiting for another server that brings the data forward to a newer format',
  'servers run':
    'the data is to be brought forward to a newer format, which servers that run on this store do not know: waiting for their end',
};

/** What makes one process of a server differ from others. */
export interface Duty {
  readonly log: Log;
  /** Resolves when it is to end, with what told it so. */
  readonly ending: Promise<string>;
  /** Whether publishing and collecting garbage by the clock are for this process. */
  readonly keepsUp: boolean;
  opened?: (keys: KeyedStore) => void;
  listening(address: AddressInfo): void;
  /** How the metrics are told, given those of this process. */
  metricsText(metrics: Metrics): () => Promise<string>;
}

/** Listens, serves in this process until it is told to end, drains and closes. */
export async function serveHere(config: Config, duty: Duty): Promise<void> {
  const { log, keepsUp } = duty;
  surviveStrayRejections(log);
  const tracing = config.tracing === undefined ? undefined : startTracing(config.tracing, log);
  const told = new Set<FormatWait>();
  let isEnding = false;
  void duty.ending.then(() => (isEnding = true));
  function onWait(what: FormatWait): void {
    if (isEnding) throw new Error(`told to end while it waited: ${WAITS[what]}`);
    if (!told.has(what)) log.info(WAITS[what]);
    told.add(what);
  }
  const context = await openContext(config, { tracer: tracing?.tracer, onWait });
  duty.opened?.(context.stores.keys);
  try {
    await announceLeftOvers(context, log);
    const metrics = new Metrics();
    metrics.keptPacks(() => context.keptPacks.standing);
    const publication = await startPublication(context, log, keepsUp, tracing?.tracer);
    if (publication !== undefined) {
      const { renderer, target } = publication;
      metrics.publication(async () => publicationStanding(context.stores.keys, target, await renderer.size()));
    }
    const proxies = proxiesOf(config);
    const { server, connections } = makeServer({
      registry: context.registry,
      definitions: context.definitions,
      openSpool: context.openSpool,
      packLimits: context.packLimits,
      keptPacks: context.keptPacks,
      content: context.registry.content,
      publicLog: context.publicLog,
      blobLinks: config.blobRedirect ? context.blobLinks : undefined,
      runs: context.runs,
      publication,
      stores: context.stores,
      metrics,
      metricsText: duty.metricsText(metrics),
      log,
      hosts: config,
      identities: { proxies, header: config.identityHeader },
      turns: new Turns({ upload: config.maxUploads, pack: config.maxPacks }, proxies),
      logRequests: config.logRequests,
      tracer: tracing?.tracer,
      bodyTimeoutMs: config.bodyTimeoutMs,
      readiness: makeReadiness({ store: askedStore(context), blobs: context.askedBlobs }, { log }),
    });
    duty.listening(await listen(server, config, log));
    const upkeep = keepsUp ? startUpkeep(context, metrics, log) : undefined;
    const signal = await duty.ending;
    log.info('draining', { signal });
    // A publication that hangs, of its own or for somebody who asked for it, is cut at once.
    await Promise.all([drain(server, connections), publication?.stop(), upkeep?.stop()]);
  } finally {
    await context.close();
    await tracing?.close();
  }
}

/** Who says that a proxy names its clients may have it on this machine; nobody else there is believed unasked. */
function proxiesOf({ trustedProxies, identityHeader }: Config): Proxies {
  return new Proxies(identityHeader === undefined ? trustedProxies : [...LOOPBACK, ...trustedProxies]);
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

function askedStore({ stores: { keys } }: Context): Asked {
  return {
    reach: async () => void (await keys.get(probeKey)),
    async write() {
      await keys.commit({ puts: [{ key: probeKey, value: Buffer.alloc(0) }] });
      await keys.commit({ deletes: [probeKey] });
    },
  };
}

function listen(server: Server, { host, port }: Config, log: Log): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${host}:${port}: ${reasonOf(cause)}`, { cause }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      // A connection that could not be taken, as for want of file descriptors, is no reason to end.
      server.on('error', (error) => log.error('connection not taken', { error: describeError(error) }));
      resolve(server.address() as AddressInfo);
    });
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another program listens there; choose another with --port';
  if (code === 'EACCES') return 'this user may not; ports below 1024 need privileges';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address';
  return message;
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
