/** Does something for every item, so many at a time. After a failure nothing new begins, and what runs is waited for. */
export async function eachAtOnce<T>(
  limit: number,
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const failures: unknown[] = [];
  let ended = false;
  async function worker(): Promise<void> {
    while (!ended && failures.length === 0) {
      try {
        const next = await rest.next();
        if (next.done === true) ended = true;
        else await work(next.value);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker));
  if (!ended) await rest.return?.();
  if (failures.length > 0) throw failures[0];
}
