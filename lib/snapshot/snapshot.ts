import { asBuffer } from '../encoding/as-buffer.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { entriesIn } from '../log/tiles.ts';
import { longOf, readDocument, readObject, type ShortRef } from './documents.ts';
import { listItem, listItems, type List, type ListNode } from './list.ts';
import { chunkWidth } from './log-part.ts';
import type { ObjectSource, Ref } from './objects.ts';
import { readRoot } from './root.ts';
import { CHUNK_ENTRIES, PAGE_RUNS } from './shape.ts';
import { tableValue, type Table, type TableNode } from './table.ts';
import type {
  FamilyDocument,
  FilePage,
  Root,
  RunDocument,
  RunPage,
  RunSummary,
  ShownFile,
  VersionDocument,
} from './wire.ts';

/** So many documents are remembered: who reads runs in their order comes through the same nodes again and again. */
const REMEMBERED = 256;

/** A snapshot, as a reader finds his way in it. */
export class Snapshot {
  readonly objects: ObjectSource;
  readonly ref: Ref;
  readonly root: Root;
  readonly #documents = new Map<Sha256, unknown>();

  private constructor(objects: ObjectSource, root: Root, ref: Ref) {
    this.objects = objects;
    this.root = root;
    this.ref = ref;
  }

  static async open(objects: ObjectSource, id: Sha256): Promise<Snapshot> {
    const { root, ref } = await readRoot(objects, id);
    return new Snapshot(objects, root, ref);
  }

  async run(id: string): Promise<RunDocument | undefined> {
    const summary = await this.summary(id);
    return summary === undefined ? undefined : this.document<RunDocument>(summary.document);
  }

  async summary(id: string): Promise<RunSummary | undefined> {
    const number = await this.numberOf(id);
    if (number === undefined) return undefined;
    const page = await this.page(Math.floor(number / PAGE_RUNS));
    return page?.runs[number % PAGE_RUNS];
  }

  async numberOf(id: string): Promise<number | undefined> {
    const number = await this.#value(this.root.paths.ids, id);
    return typeof number === 'number' ? number : undefined;
  }

  async page(index: number): Promise<RunPage | undefined> {
    const ref = await this.pageRef(index);
    return ref === undefined ? undefined : this.document<RunPage>(ref);
  }

  pageRef(index: number): Promise<Ref | undefined> {
    return listItem(this.node, this.root.paths.pages, index);
  }

  async family(family: string): Promise<FamilyDocument | undefined> {
    const ref = await this.#value(this.root.paths.families, family);
    return ref === undefined ? undefined : this.document<FamilyDocument>(longOf(ref as unknown as ShortRef));
  }

  async version(family: string, version: string): Promise<VersionDocument | undefined> {
    const found = (await this.family(family))?.versions.find((one) => one.version === version);
    return found?.document === undefined ? undefined : this.document<VersionDocument>(found.document);
  }

  /** In the order of the tree. */
  async *files({ files }: VersionDocument): AsyncGenerator<ShownFile> {
    if (files === undefined) return;
    for await (const page of listItems(this.node, files.pages)) yield* (await this.document<FilePage>(page)).files;
  }

  async *entries(from: number, to: number): AsyncGenerator<Uint8Array> {
    const { size } = this.root.log;
    const end = Math.min(to, size);
    let index = Math.floor(from / CHUNK_ENTRIES);
    for await (const ref of listItems(this.node, this.root.paths.log.entries, index, Math.ceil(end / CHUNK_ENTRIES))) {
      const entries = entriesIn(asBuffer(await readObject(this.objects, ref)), chunkWidth(size, index));
      const first = index * CHUNK_ENTRIES;
      yield* entries.slice(Math.max(0, from - first), end - first);
      index += 1;
    }
  }

  async document<T>(ref: Ref): Promise<T> {
    const known = this.#documents.get(ref.digest);
    if (known !== undefined) return known as T;
    const document = await readDocument<T>(this.objects, ref);
    if (this.#documents.size >= REMEMBERED) this.#documents.clear();
    this.#documents.set(ref.digest, document);
    return document;
  }

  readonly node = (ref: Ref): Promise<ListNode> => this.document<ListNode>(ref);
  readonly tableNode = (ref: Ref): Promise<TableNode> => this.document<TableNode>(ref);

  #value(table: Table, key: string): ReturnType<typeof tableValue> {
    return tableValue(this.tableNode, table, key);
  }

  items(list: List): AsyncGenerator<Ref> {
    return listItems(this.node, list);
  }
}
