/** Does something with every item, so many at a time. After a failure nothing more is begun; it is thrown once nothing is under way. */
export async function soManyAtOnce<T>(
  most: number,
  items: AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  for await (const item of items) {
    while (underWay.size >= most) await Promise.race(underWay);
    if (failed !== undefined) break;
    const done = work(item)
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => underWay.delete(done));
    underWay.add(done);
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed.error;
}
