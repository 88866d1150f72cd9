import type { Quota, QuotaAnswer } from '../../lib/client/index.ts';
import { SETTINGS, WrongSetting } from '../../server/settings.ts';
import { clientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, oneWord, UsageError, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { sizeText } from '../size-text.ts';

export const quota: Command = {
  usage: 'assay quota <family> [--bytes <size>] [--versions <n>] [--none] [--json]',
  description: `
Without an option, shows how much a family may hold, and holds. With one, sets
its quota as a whole: what is not said is not limited. What is there stays, also
where it is more.

  assay quota test-cases/carom
  assay quota test-cases/carom --bytes 10GiB --versions 100
  assay quota test-cases/carom --none`,
  options: {
    bytes: { type: 'string', placeholder: '<size>', help: 'its blobs, manifests and Git objects together' },
    versions: { type: 'string', placeholder: '<n>', help: 'published versions' },
    none: { type: 'boolean', help: 'no limit any more' },
    json: { type: 'boolean', help: 'as JSON' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const family = oneWord(words, 'of which family?');
    const wanted = quotaFrom(values);
    const client = clientFrom(values);
    const stands = wanted === undefined ? await client.quota(family) : await client.setQuota(family, wanted);
    process.stdout.write(values['json'] === true ? `${JSON.stringify(stands)}\n` : text(family, stands));
    return DONE;
  },
};

function quotaFrom(values: Values): Quota | undefined {
  const [bytes, versions] = [textOf(values, 'bytes'), textOf(values, 'versions')];
  const isSaid = bytes !== undefined || versions !== undefined;
  if (values['none'] === true && isSaid) throw new UsageError('--none stands alone');
  if (values['none'] !== true && !isSaid) return undefined;
  return {
    ...(bytes === undefined ? {} : { bytes: bytesIn(bytes) }),
    ...(versions === undefined ? {} : { versions: numberIn(versions) }),
  };
}

function bytesIn(text: string): number {
  try {
    return SETTINGS['max-blob'].parse(text);
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    throw new UsageError(`--bytes is ${JSON.stringify(text)}; it takes ${error.message}`);
  }
}

function numberIn(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--versions is a number, and not ${JSON.stringify(text)}`);
}

function text(family: string, { bytes, versions, used }: QuotaAnswer): string {
  const ofBytes = bytes === null ? '' : ` of ${sizeText(bytes)}`;
  const ofVersions = versions === null ? '' : ` of ${versions}`;
  return `${family}: ${sizeText(used.bytes)}${ofBytes}, ${counted(used.versions, 'version')}${ofVersions}\n`;
}
