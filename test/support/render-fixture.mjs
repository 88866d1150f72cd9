// Renders the log of fixtures/snapshots with the built program and prints the id at each size that is asked for. Plain
// JavaScript, so that any version of Node can run it.
import { fixtureSources } from './fixture-sources.mjs';

const { render } = await import(new URL('../../dist/lib/snapshot/render.js', import.meta.url));

const ids = {};
for (const size of process.argv.slice(2).map(Number)) {
  ids[size] = (await render(fixtureSources, { write: async () => {} }, { size })).id;
}
process.stdout.write(`${JSON.stringify(ids)}\n`);
