import { httpHook } from '../lib/publication/deploy-hook.ts';
import { DirectoryTarget } from '../lib/publication/directory-target.ts';
import { startErasing } from '../lib/publication/erasing.ts';
import { Publisher, type PublisherEvent } from '../lib/publication/publisher.ts';
import type { Renderer } from '../lib/publication/renderer.ts';
import type { Target } from '../lib/publication/target.ts';
import type { Log as PublicLog } from '../lib/log/log-store.ts';
import { Breather } from '../lib/git/breather.ts';
import { erasuresIn } from '../lib/snapshot/erasures.ts';
import { isRenderedAlike, render } from '../lib/snapshot/render.ts';
import type { Sources } from '../lib/snapshot/sources.ts';
import { StoredSources } from '../lib/snapshot/stored-sources.ts';
import { systemClock } from '../lib/store/clock.ts';
import type { S3Patience } from '../lib/store/s3/s3-client.ts';
import { nameOf } from '../lib/store/s3/s3-location.ts';
import type { PublishPlace } from './config.ts';
import type { ServerContext } from './context.ts';
import { describeError, type Log } from './log.ts';
import { tracedRenderer, tracedTarget } from './trace/traced-publication.ts';
import type { Tracer } from './trace/tracer.ts';

/** What routes work with that show or cause publications. */
export interface Publication {
  readonly publisher: Publisher;
  readonly renderer: Renderer;
  /** Where to, as people may see it. */
  readonly target: string;
}

/** A publisher, which looks after the log by itself if it is to; undefined where nothing is to be published. */
export async function startPublication(
  { config, stores, registry, definitions, publicLog }: ServerContext,
  log: Log,
  byItself: boolean,
  tracer?: Tracer,
): Promise<(Publication & { stop(): Promise<void> }) | undefined> {
  const opened = await openTarget(config.publish);
  if (opened === undefined) return undefined;
  const sources = new StoredSources({ keys: stores.keys, content: registry.content, files: definitions.files });
  const bare = rendererOf(sources, publicLog);
  const renderer = tracer === undefined ? bare : tracedRenderer(bare, tracer);
  const publisher = new Publisher({
    keys: stores.keys,
    target: tracer === undefined ? opened.target : tracedTarget(opened.target, tracer),
    renderer,
    ...(tracer === undefined ? {} : { around: (work) => tracer.root('publication', work) }),
    hook: config.deployHook === undefined ? undefined : httpHook(config.deployHook),
    clock: systemClock,
    graceMs: config.snapshotGraceMs,
    onEvent: (event) => tell(event, log),
  });
  if (byItself) publisher.start();
  const erasing = byItself
    ? startErasing({
        keys: stores.keys,
        target: opened.target,
        renderer,
        erasures: (from, to) => erasuresIn({ entries: (...range) => breathing(sources.entries(...range)) }, from, to),
        clock: systemClock,
        onRemoved: (objects) => log.info('erased runs taken away from the target', { objects }),
        onFailure: (error) => log.error('erased runs are still at the target', { error: describeError(error) }),
      })
    : undefined;
  const { name } = opened;
  const stop = async (): Promise<void> => {
    await Promise.all([publisher.stop(), erasing?.stop() ?? Promise.resolve()]);
    opened.close();
  };
  return { publisher, renderer, target: name, stop };
}

function rendererOf(sources: Sources, log: PublicLog): Renderer {
  return {
    size: () => log.size(),
    checkpoint: (size) => log.checkpointAt(size),
    isAlike: (before) => isRenderedAlike(before),
    async render(size, before, sink) {
      const breather = new Breather();
      const breathe = (): Promise<void> | undefined => (breather.due() ? breather.rest() : undefined);
      return (await render(sources, sink, { size, breathe, ...(before === undefined ? {} : { before }) })).id;
    },
  };
}

/** The first look reads the whole log. */
async function* breathing<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const breather = new Breather();
  for await (const item of items) {
    if (breather.due()) await breather.rest();
    yield item;
  }
}
/** Within the time that a call to the target may take in all, so that one silent connection is tried again. */
const PATIENCE: S3Patience = { connectMs: 5_000, idleMs: 15_000, attempts: 4 };

interface OpenTarget {
  readonly target: Target;
  readonly name: string;
  close(): void;
}

/** Who publishes to a folder pays nothing for the client of an S3. */
async function openTarget(place: PublishPlace): Promise<OpenTarget | undefined> {
  if (place.engine === 'off') return undefined;
  if (place.engine === 'dir') {
    const { folder } = place;
    return { target: new DirectoryTarget(folder), name: `dir:${folder}`, close: () => undefined };
  }
  const { location } = place;
  const [{ makeS3Client }, { S3Target }] = await Promise.all([
    import('../lib/store/s3/s3-client.ts'),
    import('../lib/publication/s3-target.ts'),
  ]);
  const client = makeS3Client(location, PATIENCE);
  const prefix = location.prefix === '' ? '' : `${location.prefix}/`;
  const target = new S3Target({ client, bucket: location.bucket, prefix });
  return { target, name: nameOf(location), close: () => client.destroy() };
}

function tell(event: PublisherEvent, log: Log): void {
  if (event.what === 'failed') {
    log.error('publication failed', { error: describeError(event.error) });
    return;
  }
  if (event.what === 'swept') {
    if (event.objects > 0) log.info('old snapshots swept', { objects: event.objects, snapshots: event.snapshots });
    return;
  }
  const { live } = event.state;
  log.info(event.what, { snapshot: live?.snapshot, size: live?.size, publication: live?.publication });
}
