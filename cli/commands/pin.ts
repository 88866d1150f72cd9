import type { PinHistory, PinMove, PinTarget } from '../../lib/client/index.ts';
import { clientFrom, referenceFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command, type Values } from '../command.ts';
import { shortDigest } from '../short-digest.ts';
import { actorText, table, timeText } from '../table.ts';

export const pin: Command = {
  usage: 'assay pin <family>[@<ref>] [--as <pin> | --remove <pin> | --history <pin>]',
  description: `
A pin is an operator's name for one version of a family. --as makes or moves it,
in every dialect at once: it is an OCI tag and the Git branch pins/<pin>, too.
With --expect it is moved only from where that says, so that of two who move it
at once one is told. Every move is kept: who, when, from where to where. Without
an option, the family's pins are listed.

  assay pin test-cases/carom@v1.2.0 --as stable
  assay pin test-cases/carom@v1.2.0 --as stable --expect sha256:…
  assay pin test-cases/carom --history stable
  assay pin test-cases/carom --remove stable`,
  options: {
    as: { type: 'string', placeholder: '<pin>', help: 'make the pin, or move it' },
    remove: { type: 'string', placeholder: '<pin>', help: 'remove the pin; its history stays' },
    history: { type: 'string', placeholder: '<pin>', help: 'every move of the pin, the newest first' },
    expect: {
      type: 'string',
      placeholder: '<digest>',
      help: 'where the pin must stand now; none: it must not be there',
    },
    note: { type: 'string', placeholder: '<text>', help: 'why, for the history' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const word = oneWord(words, 'of which family?');
    const [as, remove, history] = ['as', 'remove', 'history'].map((name) => textOf(values, name));
    if ([as, remove, history].filter((one) => one !== undefined).length > 1) {
      throw new UsageError('--as, --remove and --history are one at a time');
    }
    if (as === undefined && remove === undefined && (values['expect'] ?? values['note']) !== undefined) {
      throw new UsageError('--expect and --note go with --as or --remove');
    }
    if (as !== undefined) return move(values, word, as);
    if (word.includes('@')) throw new UsageError('--as names the pin that is to point at this version');
    const { family } = referenceFrom(word, 'latest');
    if (remove !== undefined) return removePin(values, family, remove);
    return history === undefined ? list(values, family) : showHistory(values, family, history);
  },
};

async function move(values: Values, word: string, pinName: string): Promise<number> {
  const { family, ref } = referenceFrom(word);
  const note = textOf(values, 'note');
  const wanted = textOf(values, 'expect');
  const expect = wanted === undefined ? {} : { expect: wanted === 'none' ? null : wanted };
  const request = { to: ref, ...expect, ...(note === undefined ? {} : { note }) };
  const moved = await clientFrom(values).movePin(family, pinName, request);
  tell(values, moved, `${family}@${moved.pin} is ${moved.version}  ${moved.digest}\n`);
  return DONE;
}

async function removePin(values: Values, family: string, pinName: string): Promise<number> {
  const expect = textOf(values, 'expect');
  if (expect === 'none') throw new UsageError('a pin that is not there cannot be removed');
  await clientFrom(values).removePin(family, pinName, expect === undefined ? {} : { expect });
  tell(values, { family, pin: pinName, current: null }, `${family}@${pinName} is no more\n`);
  return DONE;
}

async function list(values: Values, family: string): Promise<number> {
  const pins = await clientFrom(values).pins(family);
  const rows = pins.map((one) => [one.pin, one.version, shortDigest(one.digest), timeText(one.at), actorText(one.by)]);
  tell(values, { pins }, table(rows));
  return DONE;
}

async function showHistory(values: Values, family: string, pinName: string): Promise<number> {
  const history = await clientFrom(values).pin(family, pinName);
  tell(values, history, historyTable(history));
  return DONE;
}

function historyTable({ history }: PinHistory): string {
  return table(history.map(moveRow));
}

function moveRow({ at, by, from, to, note }: PinMove): string[] {
  return [timeText(at), actorText(by), `${nameOf(from)} → ${nameOf(to)}`, note ?? ''];
}

function nameOf(target: PinTarget | null): string {
  return target === null ? 'nowhere' : target.version;
}

function tell(values: Values, json: unknown, text: string): void {
  process.stdout.write(values['json'] === true ? `${JSON.stringify(json)}\n` : text);
}
