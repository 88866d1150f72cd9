/** Works on so many at once. When one fails the others are stopped and waited for; what failed first is thrown. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const waiting = items.values();
  let failed: { readonly error: unknown } | undefined;
  async function next(): Promise<void> {
    for (const item of waiting) {
      if (either.aborted) return;
      try {
        await work(item, either);
      } catch (error) {
        failed ??= { error };
        stop.abort(error);
      }
    }
  }
  await Promise.all(Array.from({ length: width }, next));
  // An attempt that failed and was made again may have left a download that nobody reads.
  stop.abort();
  signal?.throwIfAborted();
  if (failed !== undefined) throw failed.error;
}
