import { clientFrom, referenceFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command } from '../command.ts';

const KINDS = { erratum: 'erratum', retire: 'retired', restore: 'restored' } as const;

export const state: Command = {
  usage: 'assay state <family>@<ref> --erratum <text> | --retire <reason> | --restore <reason>',
  description: `
A version never changes; what is found out about it later stands beside it. An
erratum says what is wrong with it. A retired version can still be pulled, and
whoever resolves it is told the reason; it is no longer the newest release.

  assay state test-cases/carom@v1.0.0 --erratum 'The third proof is mirrored.'
  assay state test-cases/carom@v1.0.0 --retire 'Use v1.0.1.'`,
  options: {
    erratum: { type: 'string', placeholder: '<text>', help: 'what is wrong with the version' },
    retire: { type: 'string', placeholder: '<reason>', help: 'why it should not be used any more' },
    restore: { type: 'string', placeholder: '<reason>', help: 'why it may be used again' },
    json: { type: 'boolean', help: 'the version as a JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const reference = referenceFrom(oneWord(words, 'of which version?'));
    const said = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((name) => values[name] !== undefined);
    const [name] = said;
    if (name === undefined || said.length > 1) throw new UsageError('one of --erratum, --retire and --restore');
    const statement = { kind: KINDS[name], text: textOf(values, name) ?? '' };
    const version = await clientFrom(values).state(reference, statement);
    const text = `${version.family}@${version.version}: ${KINDS[name]}\n`;
    process.stdout.write(values['json'] === true ? `${JSON.stringify(version)}\n` : text);
    return DONE;
  },
};
