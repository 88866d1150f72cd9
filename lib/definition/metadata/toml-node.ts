import { keyPath } from '../../encoding/key-path.ts';

export type Step = string | number;

/** Where something stands in the file. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** The steps that lead to it, nearest first. */
  readonly trail: Trail | undefined;
}

/** A chain instead of a list: where keys are deep a list would be long, and each value would have its own. */
export interface Trail {
  readonly step: Step;
  readonly parent: Trail | undefined;
  readonly depth: number;
}

export interface TomlTable {
  readonly type: 'table';
  readonly place: Place;
  readonly members: Map<string, TomlNode>;
}

export interface TomlList {
  readonly type: 'list';
  readonly place: Place;
  readonly elements: TomlNode[];
}

export interface TomlString {
  readonly type: 'string';
  readonly place: Place;
  readonly value: string;
}

export interface TomlNumber {
  readonly type: 'number';
  readonly place: Place;
  readonly value: number;
  readonly isInteger: boolean;
}

export interface TomlBoolean {
  readonly type: 'boolean';
  readonly place: Place;
  readonly value: boolean;
}

/** A date or time, as its text in the file: JSON has none. */
export interface TomlDate {
  readonly type: 'date';
  readonly place: Place;
  readonly value: string;
}

/** A value that a fault was already found in; nothing more is said of it. */
export interface TomlFaulty {
  readonly type: 'faulty';
  readonly place: Place;
}

export type TomlNode = TomlTable | TomlList | TomlString | TomlNumber | TomlBoolean | TomlDate | TomlFaulty;

export function keyOf(place: Place): string {
  const steps: Step[] = [];
  for (let trail = place.trail; trail !== undefined; trail = trail.parent) steps.push(trail.step);
  return keyPath(steps.toReversed());
}

export function trailTo(parent: Trail | undefined, step: Step): Trail {
  return { step, parent, depth: (parent?.depth ?? 0) + 1 };
}
