import type { Program } from './process/program.ts';
import type { Stage } from './stage.ts';

/** A named list of rows: `npm run bench -- <name>`. A new suite is a file of rows and its line in suites.ts. */
export interface Suite {
  name: string;
  title: string;
  rows: readonly Row[];
}

/** One kind of work, done by each contender in turn. */
export interface Row {
  name: string;
  work: string;
  unit: string;
  better: 'more' | 'less';
  /** The first is ours, the others are what we are held against. */
  contenders: readonly [string, ...string[]];
  holds: readonly Hold[];
  programs: readonly Program[];
  /** Starts and fills the wanted contenders; what it starts is handed to the stage, which stops it. */
  open(stage: Stage, wanted: readonly string[]): Promise<Contender[]>;
}

/** What ours is set beside: the peer's figure, or a limit alone where `against` is absent. A promise of the design page has a limit. */
export interface Hold {
  against?: string;
  limit?: number;
}

export interface Contender {
  name: string;
  /** One figure in the row's unit, taken in about `seconds`; work that has a size of its own ignores them. */
  measure(seconds: number): Promise<number>;
}
