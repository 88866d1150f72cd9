/**
 * How large the parts of a snapshot are. Each is a trade between what one more run rewrites and how many steps a reader
 * takes (docs/decisions/snapshots.md). They are part of the format: another number is another format.
 */
export const FORMAT = 1;

/**
 * Of what is made of the same entries and bodies. Whatever changes a byte of it is another version, by which the root
 * differs: a snapshot of another version is not gone on from. 2: what amendments changed is shown as it is since then.
 */
export const RENDERER_VERSION = 2;

/** Runs to a page. */
export const PAGE_RUNS = 32;

/** Files to a page of a version's listing. */
export const PAGE_FILES = 64;

/** Items to a node of a list. */
export const FAN_OUT = 32;

/** Up to so many keys a table is one leaf; above, it branches by the next digit of their hashes. */
export const LEAF_KEYS = 32;

/** Entries of the log to an object. 16 objects behind one another are an entry bundle of C2SP tlog-tiles. */
export const CHUNK_ENTRIES = 16;

/** What lists show of one run has at most so many bytes. */
export const SUMMARY_BYTES = 2048;

/** A record or a review of more bytes is not shown. */
export const MAX_JSON_BYTES = 8 * 1024 * 1024;

/** Text of more bytes cannot be searched for secrets, and is withheld. */
export const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/** A file or media with a zero byte among so many is no text. */
export const TEXT_PROBE_BYTES = 64 * 1024;
