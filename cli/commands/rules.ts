import { AssayClient } from '../../lib/client/assay-client.ts';
import { serverUrl } from '../../server/config.ts';
import { DONE, UsageError, type Command } from '../command.ts';

export const rules: Command = {
  usage: "assay rules <repository> [--immutable '<patterns>' | --none] [--json]",
  description: `
Without an option, shows what a repository declares. With --immutable, declares
tag patterns, separated by commas, in which * stands for anything: a tag that
matches can be set once, and then neither moved nor deleted.

  assay rules test-cases/carom --immutable 'v*'
  assay rules test-cases/carom --none`,
  options: {
    immutable: { type: 'string', placeholder: '<patterns>', help: 'patterns of tags that never move' },
    none: { type: 'boolean', help: 'every tag may move again' },
    url: { type: 'string', placeholder: '<url>', help: 'the server [ASSAY_URL; default http://127.0.0.1:7410]' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  async run(values, [repository, ...more]) {
    if (repository === undefined) throw new UsageError('which repository?');
    if (more[0] !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(more[0])}`);
    const { immutable, none, url } = values;
    if (immutable !== undefined && none === true) throw new UsageError('--immutable and --none exclude each other');
    const client = new AssayClient({ url: serverUrl(typeof url === 'string' ? url : undefined) });
    const patterns = none === true ? [] : patternsIn(immutable);
    const declared =
      patterns === undefined
        ? await client.rules(repository)
        : await client.declareRules(repository, { immutable: patterns });
    process.stdout.write(
      values['json'] === true ? `${JSON.stringify(declared)}\n` : text(repository, declared.immutable ?? []),
    );
    return DONE;
  },
};

function patternsIn(option: string | boolean | undefined): string[] | undefined {
  if (typeof option !== 'string') return undefined;
  const patterns = option.split(',').map((pattern) => pattern.trim());
  if (patterns.includes('')) throw new UsageError('--immutable takes patterns like v* with commas between them');
  return patterns;
}

function text(repository: string, immutable: readonly string[]): string {
  if (immutable.length === 0) return `${repository}: every tag may move\n`;
  return `${repository}: tags that match ${immutable.join(' or ')} never move\n`;
}
