import { asBuffer } from '../encoding/as-buffer.ts';
import { Breather } from '../git/breather.ts';
import { allRunPlaces } from '../store/key-ranges.ts';
import { numberOfKey, runPlaceKey } from '../store/keys.ts';
import { RunError } from './run-error.ts';
import { holds, isInNames, isWanted } from './run-filter.ts';
import { summaryOf } from './run-state.ts';
import type { StoredRuns } from './stored-runs.ts';
import type { Review, RunFilter, RunPage, RunSummary } from './wire.ts';

/** So many runs are looked at for one page; the next page goes on from there. */
const MOST_SEEN = 5000;
/** Fewer where the reviews of each must be read. */
const MOST_SEARCHED = 1000;
const AT_ONCE = 50;

/** Published runs, the newest first. */
export class RunList {
  readonly #stored: StoredRuns;
  readonly #atMost: number;

  constructor(stored: StoredRuns, { atMost = MOST_SEEN } = {}) {
    this.#stored = stored;
    this.#atMost = atMost;
  }

  /** A page that goes on behind the run that `last` names the place of. */
  async page(filter: RunFilter, last: string | undefined, limit: number): Promise<RunPage> {
    const most = filter.search === undefined ? this.#atMost : Math.min(this.#atMost, MOST_SEARCHED);
    const breather = new Breather();
    const runs: RunSummary[] = [];
    let end = last === undefined ? allRunPlaces.end : runPlaceKey(placeOf(last));
    for (let seen = 0; seen < most; seen += AT_ONCE) {
      const places = await this.#stored.keys.list({ start: allRunPlaces.start, end, limit: AT_ONCE, reverse: true });
      const found = await Promise.all(places.map(({ value }) => this.#stored.find(asBuffer(value).toString('latin1'))));
      for (const [at, run] of found.entries()) {
        if (breather.due()) await breather.rest();
        end = asBuffer(places[at]!.key);
        const summary = run === undefined ? undefined : summaryOf(run.id, run.state);
        if (summary === undefined || !(await this.#isWanted(summary, filter, breather))) continue;
        runs.push(summary);
        if (runs.length === limit) return { runs, ...(await this.#next(end)) };
      }
      if (places.length < AT_ONCE) return { runs };
    }
    return { runs, ...(await this.#next(end)) };
  }

  async #next(end: Buffer): Promise<Pick<RunPage, 'next'>> {
    const more = await this.#stored.keys.list({ start: allRunPlaces.start, end, limit: 1, reverse: true });
    return more.length === 0 ? {} : { next: String(numberOfKey(end)) };
  }

  async #isWanted(run: RunSummary, filter: RunFilter, breather: Breather): Promise<boolean> {
    if (!isWanted(run, filter)) return false;
    const { search } = filter;
    if (search === undefined || isInNames(run, search)) return true;
    for (const { review } of run.reviews) {
      if (breather.due()) await breather.rest();
      if (holds((await this.#stored.bodies.read<Review>(review)).text, search)) return true;
    }
    return false;
  }
}

function placeOf(last: string): number {
  if (/^\d{1,15}$/.test(last)) return Number(last);
  throw new RunError('run-page-invalid', 'last is a number, which the page before named as its next', {
    last: last.slice(0, 100),
  });
}
