import type { Check, CheckContext } from './check.ts';
import { quoted } from './quoted.ts';
import type { TomlNode } from './toml-node.ts';

const DURATION = /^(?:\d+(?:\.\d+)? ?(?:ms|s|m|h|d) ?)+$/;
const SIZE = /^\d+(?:\.\d+)? ?(?:[kmgtp]?i?b|[kmgtp])?$/i;

/** What a limit is of, as its key says last: `timeout`, `build_timeout`, `max-memory`. */
const MEASURES = [
  { word: 'timeout', form: DURATION, message: 'is not a duration: "90s", "30m" or "1h30m"' },
  { word: 'memory', form: SIZE, message: 'is not a size: "512MiB" or "4GB"' },
  { word: 'disk', form: SIZE, message: 'is not a size: "512MiB" or "4GB"' },
] as const;

export const checkLimits: Check = (node, context) => {
  if (node.type !== 'table') context.faults.add(node.place, 'is not a table');
  else for (const [key, limit] of node.members) checkLimit(key, limit, context);
};

function checkLimit(key: string, node: TomlNode, context: CheckContext): void {
  if (node.type === 'table') checkLimits(node, context);
  else if (node.type === 'number' && !(node.value > 0)) context.faults.add(node.place, 'is not above zero');
  else if (node.type === 'string') checkMeasure(key, node.value, node, context);
}

function checkMeasure(key: string, text: string, node: TomlNode, { faults }: CheckContext): void {
  const last = /[a-z]*$/u.exec(key.toLowerCase())?.[0];
  const measure = MEASURES.find(({ word }) => word === last);
  if (measure === undefined) return;
  if (!measure.form.test(text)) faults.add(node.place, `${quoted(text)} ${measure.message}`);
  else if (!/[1-9]/.test(text)) faults.add(node.place, 'is not above zero');
}
