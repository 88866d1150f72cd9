import type { CommitNode } from './commit-graph.ts';

/** A heap of commits by date. */
export class NewestFirst {
  readonly #heap: CommitNode[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(node: CommitNode): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(node);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.date >= node.date) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = node;
  }

  pop(): CommitNode | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.date > heap[child]!.date) child += 1;
      if (heap[child]!.date <= last.date) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
