import type { Fault, TreeDifference } from '../../lib/client/index.ts';
import { publishAll, type Refusal } from '../../lib/client/publish/publish-all.ts';
import type { PublishOutcome } from '../../lib/client/publish/publish.ts';
import { programEnvironment } from '../../server/config.ts';
import { clientFrom, notice, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, FAILED, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { differenceLines } from '../difference-lines.ts';
import { interruptible } from '../interruption.ts';
import { printableLine } from '../printable.ts';
import { Progress } from '../progress.ts';
import { sizeText } from '../size-text.ts';

const PATHS_SHOWN = 20;

type Outcome = PublishOutcome | Refusal;

export const publish: Command = {
  usage: 'assay publish <path>… | --all [options]',
  description: `
Publishes each folder that is a definition, one with a test-case.toml or a
container.toml: the given ones, or all below the given ones, or with --all the
whole repository. What is published is what the last commit has; a folder with
changes that are not committed is refused, unless --worktree takes it as it is.

Family and version are those of --as, or of the metadata, or of the folders:
test-cases/carom/v1.0.0 is v1.0.0 of test-cases/carom. Only what the server has
not is sent. A version that is there already with the same content is unchanged;
with other content it is refused, and what differs is told.

  assay publish test-cases/carom/v1.0.0
  assay publish --all
  assay publish drafts/carom --as test-cases/carom@v1.1.0-rc.1 --worktree
  assay publish containers/claude/v2.0.0 --image docker-archive:claude.tar`,
  options: {
    all: { type: 'boolean', help: 'every definition of the repository around this folder' },
    as: { type: 'string', placeholder: '<family>@<version>', help: 'publish the one folder under this name' },
    worktree: { type: 'boolean', help: 'take the folder as it lies there; the version then says so' },
    image: {
      type: 'string',
      placeholder: '<source>',
      help: "a container's image: an OCI layout, a docker-archive, or a reference to a registry",
    },
    'dry-run': { type: 'boolean', help: 'check, and tell what would be published' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const isAll = values['all'] === true;
    if (isAll && words.length > 0) throw new UsageError('--all takes the whole repository, and no paths');
    if (!isAll && words.length === 0) throw new UsageError('which folder? Or --all for every definition');
    const outcomes = await interruptible((signal) => publishEach(values, isAll ? ['.'] : words, isAll, signal));
    const refused = outcomes.filter(({ outcome }) => outcome === 'refused').length;
    if (values['json'] === true) process.stdout.write(`${JSON.stringify({ outcomes })}\n`);
    else if (outcomes.length > 1) process.stdout.write(`${summary(outcomes)}\n`);
    return refused > 0 ? FAILED : DONE;
  },
};

async function publishEach(
  values: Values,
  paths: readonly string[],
  isAll: boolean,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const progress = new Progress();
  try {
    return await publishAll({
      client: clientFrom(values),
      environment: programEnvironment(),
      paths,
      wholeRepository: isAll,
      as: textOf(values, 'as'),
      worktree: values['worktree'] === true,
      image: textOf(values, 'image'),
      dryRun: values['dry-run'] === true,
      onNotice: notice,
      signal,
      ...progress.listener,
      onOutcome(outcome) {
        progress.end();
        if (values['json'] !== true) process.stdout.write(lines(outcome).join('\n') + '\n');
      },
    });
  } finally {
    progress.end();
  }
}

function lines(outcome: Outcome): string[] {
  if (outcome.outcome === 'refused') return refusalLines(outcome);
  const { family, version, published, sent } = outcome;
  const name = `${family}@${version}`;
  if (outcome.outcome === 'would-publish') return [`would publish  ${name}`];
  if (outcome.outcome === 'unchanged') return [`unchanged  ${name}  ${published?.digest ?? ''}`];
  const what = `${counted(sent.objects, 'object')}, ${sizeText(sent.bytes)} sent`;
  return [`published  ${name}  ${published?.digest ?? ''}  (${counted(published?.files ?? 0, 'file')}; ${what})`];
}

function refusalLines({ path, message, faults, dirty, difference }: Refusal): string[] {
  const shown = [
    ...(faults ?? []).map((fault) => faultLine(path, fault)),
    ...(dirty ?? []).slice(0, PATHS_SHOWN),
    ...more(dirty ?? []),
    ...(difference === undefined ? [] : differenceOf(difference)),
  ];
  return [`refused  ${path === '' ? '.' : path}: ${message}`, ...shown.map((line) => `  ${line}`)].map(printableLine);
}

function differenceOf(difference: TreeDifference): string[] {
  const paths = differenceLines(difference);
  return [...paths.slice(0, PATHS_SHOWN), ...more(paths)];
}

function more(all: readonly unknown[]): string[] {
  return all.length > PATHS_SHOWN ? [`and ${all.length - PATHS_SHOWN} more`] : [];
}

/** `test-cases/carom/v1.0.0/test-case.toml:12:3: limits.timeout: what is wrong`, which editors can follow. */
function faultLine(path: string, { file, line, column, key, message }: Fault): string {
  const place = [path === '' ? file : `${path}/${file}`, line, column].filter((part) => part !== undefined).join(':');
  return [place, key, message].filter((part) => part !== undefined).join(': ');
}

function summary(outcomes: readonly Outcome[]): string {
  const count = (wanted: Outcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const would = count('would-publish');
  const first = would > 0 ? `${would} would be published` : `${count('published')} published`;
  return `${first}, ${count('unchanged')} unchanged, ${count('refused')} refused`;
}
