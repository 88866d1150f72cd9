import type { Remote } from './span.ts';

/** Whether a trace is to be seen, decided when it begins. */
export type Sampler = (parent: Remote | undefined) => boolean;

const SAMPLERS: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => () => true,
  always_off: () => () => false,
  traceidratio: (ratio) => () => Math.random() < ratio,
  parentbased_always_on: () => (parent) => parent?.sampled ?? true,
  parentbased_always_off: () => (parent) => parent?.sampled ?? false,
  parentbased_traceidratio: (ratio) => (parent) => parent?.sampled ?? Math.random() < ratio,
};

export const SAMPLER_NAMES: readonly string[] = Object.keys(SAMPLERS);

/** By the names that OpenTelemetry gives them; undefined for any other. */
export function samplerOf(name: string, ratio: number): Sampler | undefined {
  return Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name]?.(ratio) : undefined;
}
