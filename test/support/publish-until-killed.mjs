// Publishes twice, rolls back, publishes again and sweeps, as a server does and with a clock of its own, and kills itself
// at a step: at any call to the target, commit to the store or word to the hook, before it and, where it changes anything,
// after it. Before it sweeps, which by its clock is hours later, it says so on standard output and waits for a byte of
// standard input: a reader who is still on the way then would come too late.
// Arguments: the folder, the number of the step, what the clock says at first, the grace period. Needs `npm run build`.
import { appendFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryTarget } from '../../dist/lib/publication/directory-target.js';
import { readHistory } from '../../dist/lib/publication/publication-state.js';
import { Publisher } from '../../dist/lib/publication/publisher.js';
import { isRenderedAlike, render } from '../../dist/lib/snapshot/render.js';
import { LmdbKeyedStore } from '../../dist/lib/store/lmdb/lmdb-keyed-store.js';
import { fixtureSources } from './fixture-sources.mjs';

const [folder, dieAt, began, graceMs] = process.argv.slice(2);
let time = Number(began);
let entries = 0;
let steps = 0;

function step() {
  steps += 1;
  if (steps === Number(dieAt)) {
    process.kill(process.pid, 'SIGKILL');
    // Nothing more is done in the moment that the signal takes.
    for (;;);
  }
}

async function stepped(work) {
  step();
  const result = await work();
  step();
  return result;
}

/** What changes nothing leaves behind itself what it found, so that one step is both. */
async function read(work) {
  step();
  return work();
}

async function* steppedEach(items) {
  for await (const item of items) {
    step();
    yield item;
  }
}

const store = LmdbKeyedStore.open(join(folder, 'store'));
const keys = {
  get: (key) => store.get(key),
  list: (range) => store.list(range),
  close: () => store.close(),
  commit: (commit) => stepped(() => store.commit(commit)),
};
const directory = new DirectoryTarget(join(folder, 'public'));
const target = {
  put: (...args) => stepped(() => directory.put(...args)),
  read: (...args) => read(() => directory.read(...args)),
  open: (...args) => read(() => directory.open(...args)),
  pointer: (...args) => read(() => directory.pointer(...args)),
  swap: (...args) => stepped(() => directory.swap(...args)),
  list: (...args) => steppedEach(directory.list(...args)),
  remove: (...args) => stepped(() => directory.remove(...args)),
};
const renderer = {
  size: async () => entries,
  checkpoint: async () => undefined,
  isAlike: (before) => isRenderedAlike(before),
  render: async (size, before, sink) =>
    (await render(fixtureSources, sink, { size, ...(before === undefined ? {} : { before }) })).id,
};
const publisher = new Publisher({
  keys,
  target,
  renderer,
  hook: ({ snapshot, publication, size, attempts }) =>
    stepped(async () => {
      if (attempts === 0) throw new Error('the site is out for a moment');
      appendFileSync(join(folder, 'told'), `${JSON.stringify({ snapshot, publication, size })}\n`);
    }),
  clock: { now: () => time, ticks: () => time },
  graceMs: Number(graceMs),
});

async function run(ms) {
  for (const end = time + ms; time < end; time += 500) await publisher.look();
}

// Each publication but the last begins while the site has yet to be told of the one before.
entries = 1;
await run(3_000);
entries = 2;
await publisher.publishNow();
await publisher.look();
await publisher.rollback((await readHistory(keys))[1].snapshot);
await publisher.look();
entries = 3;
await publisher.publishNow();
await run(2_000);
writeSync(1, 'sweeping\n');
readSync(0, Buffer.alloc(1));
time += Number(graceMs) * 2;
await publisher.look();
await store.close();
