import { LOCK_FILE, readLock, writeLock } from '../../lib/client/lock-file.ts';
import { lock as lockDefinitions, type LockChange } from '../../lib/client/lock.ts';
import { CACHE_OPTIONS, cacheFrom, clientFrom, notice, referenceFrom, textOf } from '../client-options.ts';
import { DONE, FAILED, UsageError, type Command } from '../command.ts';
import { counted } from '../counted.ts';
import { interruptible } from '../interruption.ts';

export const lock: Command = {
  usage: 'assay lock [<family>[@<ref>] …] [--check]',
  description: `
Writes assay.lock: the digest that each ref names now. assay pull --locked then
brings the same bytes on every machine, whatever pins do meanwhile. With refs,
adds them or looks them up again; without, looks up all that are in the file.

  assay lock test-cases/carom@stable containers/claude@v2.0.1
  assay lock                    look everything up again
  assay lock --check            would anything change? Exit 1 if so`,
  options: {
    'lock-file': { type: 'string', placeholder: '<file>', help: `the lock file [default ${LOCK_FILE}]` },
    check: { type: 'boolean', help: 'write nothing; exit 1 where the file would change' },
    json: { type: 'boolean', help: 'one JSON object with every change' },
    ...CACHE_OPTIONS,
  },
  async run(values, words) {
    const refs = words.map((word) => referenceFrom(word, 'latest'));
    const path = textOf(values, 'lock-file') ?? LOCK_FILE;
    const before = (await readLock(path))?.definitions;
    if (before === undefined && refs.length === 0)
      throw new UsageError(`there is no ${path}; which versions shall it have?`);
    const place = { client: clientFrom(values), cache: cacheFrom(values), onNotice: notice };
    const { definitions, changes } = await interruptible((signal) =>
      lockDefinitions(before ?? [], refs, { ...place, signal }),
    );
    const isCheck = values['check'] === true;
    if (!isCheck && (changes.length > 0 || before === undefined)) await writeLock(path, definitions);
    process.stdout.write(
      values['json'] === true
        ? `${JSON.stringify({ file: path, definitions: definitions.length, changes })}\n`
        : text(path, definitions.length, changes, isCheck),
    );
    return isCheck && changes.length > 0 ? FAILED : DONE;
  },
};

function text(path: string, count: number, changes: readonly LockChange[], isCheck: boolean): string {
  if (changes.length === 0) return `${path} stays as it is: ${counted(count, 'definition')}.\n`;
  const lines = changes.map(({ family, ref, from, to }) => {
    const was = from === undefined ? '' : `${from.version} → `;
    return `${family}@${ref}: ${was}${to.version} ${to.digest}`;
  });
  lines.push(`${isCheck ? 'Would change' : 'Wrote'} ${path}: ${counted(changes.length, 'change')}.`);
  return `${lines.join('\n')}\n`;
}
