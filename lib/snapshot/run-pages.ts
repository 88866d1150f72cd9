import type { Documents } from './documents.ts';
import { changeList, listItem, type List, type ListNode } from './list.ts';
import type { Ref } from './objects.ts';
import { PAGE_RUNS } from './shape.ts';
import type { RunPage, RunSummary } from './wire.ts';

/** The pages of runs while summaries are put into them, in the order of the runs' numbers. */
export class RunPages {
  readonly #documents: Documents;
  readonly #before: List;
  readonly #written = new Map<number, Ref>();
  #open: { readonly index: number; readonly runs: RunSummary[] } | undefined;

  constructor(documents: Documents, before: List) {
    this.#documents = documents;
    this.#before = before;
  }

  /** As the page before had it. */
  async summary(number: number): Promise<RunSummary | undefined> {
    return (await this.#page(Math.floor(number / PAGE_RUNS))).runs[number % PAGE_RUNS];
  }

  async put(summary: RunSummary): Promise<void> {
    const page = await this.#page(Math.floor(summary.number / PAGE_RUNS));
    page.runs[summary.number % PAGE_RUNS] = summary;
  }

  async end(): Promise<List> {
    await this.#close();
    return changeList(this.#documents, this.#before, this.#written);
  }

  async #page(index: number): Promise<{ readonly runs: RunSummary[] }> {
    if (this.#open?.index === index) return this.#open;
    await this.#close();
    const ref = await listItem((node) => this.#documents.read<ListNode>(node), this.#before, index);
    const runs = ref === undefined ? [] : (await this.#documents.read<RunPage>(ref)).runs;
    this.#open = { index, runs: [...runs] };
    return this.#open;
  }

  async #close(): Promise<void> {
    if (this.#open === undefined) return;
    const { index, runs } = this.#open;
    this.#written.set(index, await this.#documents.write({ runs } satisfies RunPage));
    this.#open = undefined;
  }
}
