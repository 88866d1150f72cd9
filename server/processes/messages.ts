import type { AddressInfo } from 'node:net';
import type { CountedMetrics } from '../metrics.ts';

/** What a process that serves says to the one that watches over them. */
export type FromServing =
  /** It can hear, and wants to know what it is to do. */
  | { readonly what: 'here' }
  | { readonly what: 'listens'; readonly address: AddressInfo }
  | { readonly what: 'counted'; readonly question: number; readonly metrics: CountedMetrics }
  | { readonly what: 'sum wanted'; readonly question: number };

/** What it is told. */
export type ToServing =
  | { readonly what: 'begin'; readonly task: Task }
  | { readonly what: 'drain'; readonly signal: string }
  | { readonly what: 'count'; readonly question: number }
  | { readonly what: 'sum'; readonly question: number; readonly text: string };

export interface Task {
  /** From 0; who takes the place of a process that ended has its number. */
  readonly number: number;
  /** The port to listen on. */
  readonly port: number;
}

/** The process that does for all what one has to do: it collects garbage and publishes. */
export const FIRST = 0;
