import type { Registry, Stores } from '../oci/registry.ts';

export interface CheckOptions {
  /** Reads every byte and compares it with its digest; otherwise only what names what is checked. */
  readonly content: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doing: string, done: number, of: number | undefined) => void;
  readonly onFinding?: (finding: Finding) => void;
}

/** `error`: something that was kept is lost or wrong. `warning`: something is left over, or was taken away by request. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly name: string;
  readonly family?: string;
}

export interface CheckReport {
  readonly content: number;
  readonly bytes: number;
  readonly families: number;
  readonly links: number;
  /** Of the log. */
  readonly entries: number;
  readonly errors: number;
  readonly warnings: number;
}

/** What the parts of a check share. */
export interface Checking extends CheckOptions {
  readonly stores: Stores;
  readonly registry: Registry;
  readonly breathe: () => Promise<void> | undefined;
  /**
   * Reports what is wrong, if it still is: a server may have been in the middle of changing it. The question is asked
   * again after a moment.
   */
  readonly find: (finding: Finding, isStill: () => Promise<boolean>) => Promise<void>;
  readonly link: () => void;
}
