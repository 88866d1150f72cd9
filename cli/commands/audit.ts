import type { AuditEntry } from '../../lib/client/index.ts';
import { clientFrom, SERVER_OPTIONS, textOf } from '../client-options.ts';
import { DONE, refuseWords, type Command } from '../command.ts';
import { limitFrom } from '../limit-option.ts';
import { actorText, table, timeText } from '../table.ts';

const FILTERS = ['actor', 'action', 'family', 'since'] as const;

export const audit: Command = {
  usage: 'assay audit [filters] [--limit <n> | --all]',
  description: `
Lists who changed what, the newest first: 50 changes, or as many as are asked
for. With several filters all of them must hold. What is older than the server's
ASSAY_AUDIT_RETENTION is not told any more.

  assay audit --family test-cases/carom
  assay audit --actor ada@example.org --since 2026-11-01
  assay audit --action tag-deleted --all --json`,
  options: {
    actor: { type: 'string', placeholder: '<name>', help: 'by whoever has this name or address' },
    action: { type: 'string', placeholder: '<action>', help: 'only this, like published or manifest-deleted' },
    family: { type: 'string', placeholder: '<family>', help: 'in this family, or with a / at its end in all below it' },
    since: { type: 'string', placeholder: '<time>', help: 'since a day or a time, like 2026-11-21T15:00:00Z' },
    limit: { type: 'string', placeholder: '<n>', help: 'how many at most' },
    all: { type: 'boolean', help: 'every one' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    refuseWords(words);
    const limit = limitFrom(values);
    const filter: Record<string, string> = {};
    for (const name of FILTERS) {
      const text = textOf(values, name);
      if (text !== undefined) filter[name] = text;
    }
    const found: AuditEntry[] = [];
    let isMore = false;
    for await (const entry of clientFrom(values).audit(filter)) {
      isMore = found.length === limit;
      if (isMore) break;
      found.push(entry);
    }
    if (values['json'] === true) process.stdout.write(`${JSON.stringify({ entries: found, more: isMore })}\n`);
    else process.stdout.write(table(found.map(rowOf)) + (isMore ? 'and more: --limit, --all\n' : ''));
    return DONE;
  },
};

function rowOf({ at, by, action, family, subject, detail }: AuditEntry): string[] {
  const said = detail === undefined ? '' : JSON.stringify(detail);
  const where = [family, subject].filter((part) => part !== undefined).join('  ');
  return [timeText(at), actorText(by), by.address, action, where, said.length > 120 ? `${said.slice(0, 119)}…` : said];
}
