import { SERVER_OPTIONS } from '../client-options.ts';
import { UsageError, type Command } from '../command.ts';
import { DATA_SETTINGS, settingOptions } from '../setting-options.ts';
import { diffSnapshots } from '../snapshot/diff-snapshots.ts';
import { listSnapshots } from '../snapshot/list-snapshots.ts';
import { renderSnapshot } from '../snapshot/render-snapshot.ts';
import { rollbackSnapshot } from '../snapshot/rollback-snapshot.ts';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';

const WORDS = {
  render: renderSnapshot,
  verify: verifySnapshot,
  diff: diffSnapshots,
  list: listSnapshots,
  rollback: rollbackSnapshot,
} as const;

export const snapshot: Command = {
  usage: 'assay snapshot render --out <dir> | verify <dir|url> | diff <A> <B> | list | rollback <id|number>',
  description: `
A snapshot is all that is published, as files that anyone can serve: runs,
reviews, definitions and the log. The same entries of the log make the same
files, byte for byte, on every machine.

  render  makes it in a folder, from the data beside the server or without one.
          A folder that holds an earlier one gets only what is new
  verify  renders it again from the log within it, and names what differs.
          Exit 1 where anything does
  diff    lists documents that differ: A was added, D removed, M changed.
          A snapshot is a folder or an address, with #<id> if not the current
  list    shows which ones the server has published and still keeps
  rollback  points readers at one of them, by its id or the number of its
          publication; nothing more is published until assay publication now

  assay snapshot render --at 1200 --out public
  assay snapshot verify https://results.example --key <log's verifier key>
  assay snapshot diff https://results.example public
  assay snapshot rollback 41`,
  options: {
    at: { type: 'string', placeholder: '<count>', help: 'render: so many entries of the log [default: all]' },
    out: { type: 'string', placeholder: '<dir>', help: 'render: the folder' },
    full: { type: 'boolean', help: 'render: make everything anew' },
    scrub: {
      type: 'string',
      placeholder: '<kinds>',
      help: 'render: take out also "email", "home" (names of home directories), or both with a comma',
    },
    key: { type: 'string', placeholder: '<key>', help: "verify: the log's verifier key, to check the signature" },
    'own-data': { type: 'boolean', help: 'verify: render from the data here, not from the snapshot itself' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
    ...settingOptions([...DATA_SETTINGS, 'log-key']),
  },
  async run(values, [first = '', ...rest]) {
    if (!Object.hasOwn(WORDS, first)) throw new UsageError('render, verify, diff, list or rollback?');
    return WORDS[first as keyof typeof WORDS](values, rest);
  },
};
