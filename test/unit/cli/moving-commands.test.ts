import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../../cli/command.ts';
import { COMMANDS } from '../../../cli/commands.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();

async function run([name, ...args]: readonly string[]): Promise<number> {
  const command = await COMMANDS.find((one) => one.name === name)!.load();
  const { values, positionals } = parseCommandLine(
    command,
    args.map((arg) => arg.replaceAll('FOLDER', folder.path)),
  );
  return command.run(values, positionals);
}

/** What the command line answers with 2. */
const WRONG_USE = /^(?:UsageError|WrongSetting)$/;

describe('what moves a store', () => {
  test.each([
    [['copy'], 'copy from where?'],
    [['copy', '--from', 'lmdb:a,files:b'], 'copy to where?'],
    [['copy', '--from', 'lmdb:a', '--to', 'lmdb:a,files:b'], '--from is "lmdb:a"; it takes keys and blobs'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', 'files:b,lmdb:a'], '--to is "files:b,lmdb:a"; it takes'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', 'bolt:a,files:b'], '--to is "bolt:a,files:b"; it takes lmdb:'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', 'postgres://u:secret@h,files:b'], '--to is "postgres://…"; it takes'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', 'lmdb:a,s3://x'], 's3://bucket/prefix'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', ',files:b'], '--to is'],
    [['copy', '--from', 'lmdb:FOLDER,files:FOLDER', '--to', 'lmdb:FOLDER/.,files:FOLDER/x/..'], 'the same place'],
    [['copy', '--from', 'lmdb:/nowhere,files:/nowhere', '--to', 'lmdb:a,files:b'], 'there is no store in /nowhere'],
    [['copy', '--from', 'lmdb:a,files:b', '--to', 'lmdb:c,files:d', 'more'], 'unexpected argument "more"'],
    [['backup'], 'into which folder?'],
    [['backup', 'x', 'y'], 'unexpected argument "y"'],
    [['backup', 'x', '--keep', '0'], '--keep is a number'],
    [['backup', 'x', '--keep', 'all'], '--keep is a number'],
    [['backup', 'x', '--at', 'y'], '--at goes with verify'],
    [['backup', 'x', '--data', '/nowhere'], 'there is no store in /nowhere'],
    [['backup', 'list'], 'of which folder?'],
    [['backup', 'verify'], 'of which folder?'],
    [['restore'], 'from which folder?'],
    [['restore', 'x', '--to', 'lmdb:a'], '--to is "lmdb:a"'],
  ])('names wrong use: %j', async (args, message) => {
    const failed = run(args);
    await expect(failed).rejects.toMatchObject({
      name: expect.stringMatching(WRONG_USE),
      message: expect.stringContaining(message),
    });
    await expect(failed).rejects.not.toThrow('secret');
  });

  test.each([
    [['backup', 'list', 'FOLDER'], 'there are no backups in'],
    [['backup', 'verify', '/nowhere'], 'there are no backups in /nowhere'],
    [['restore', '/nowhere'], 'there are no backups in /nowhere'],
  ])('fails where there is no backup: %j', async (args, message) => {
    await expect(run(args)).rejects.toMatchObject({ name: 'MoveError', message: expect.stringContaining(message) });
  });
});
