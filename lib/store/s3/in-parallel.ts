/** Does something with every item, so many at a time. After a failure nothing more is begun; it is thrown once nothing is under way. */
export async function inParallel<T>(
  most: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  let failed = false;
  async function go(): Promise<void> {
    for (let item = waiting.shift(); item !== undefined && !failed; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(most, items.length) }, go));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
