/** What an engine offers that may be left with writes which never came to their end, and which no port shows. */
export interface Leftovers {
  /** Takes away what was begun before a time, in milliseconds since 1970. Returns how many it were. */
  sweep(before: number): Promise<number>;
}
