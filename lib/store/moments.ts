import type { KeyedStore } from './keyed-store.ts';

/** What can be listed: a store, or a store as it was at one moment. */
export type Listed = Pick<KeyedStore, 'list'>;

/** What an engine offers whose entries can all be read as they are at one moment, however many pages that takes. */
export interface Moments {
  /**
   * What is listed while the work runs is as it was at some moment between this call and the first page; that moment sees
   * every commit that had resolved before the call. The engine keeps for that long what others replace, so the work
   * should be short.
   */
  atOneMoment<T>(work: (then: Listed) => Promise<T>): Promise<T>;
}
