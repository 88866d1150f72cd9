import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCommandLine, refuseWords, UsageError } from '../../../cli/command.ts';
import { COMMANDS } from '../../../cli/commands.ts';
import { commandHelp, overallHelp } from '../../../cli/help.ts';
import { gc } from '../../../cli/commands/gc.ts';
import { rules } from '../../../cli/commands/rules.ts';
import { serve } from '../../../cli/commands/serve.ts';
import { sizeText } from '../../../cli/size-text.ts';
import { readConfig } from '../../../server/config.ts';
import { openContext } from '../../../server/context.ts';
import { SETTINGS } from '../../../server/settings.ts';
import { DATA_FORMAT } from '../../../lib/store/data-format.ts';
import { assay } from '../../support/assay-command.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

describe('the help of a command', () => {
  test.each(COMMANDS)('$name tells every option, and how it is used', async ({ name, load }) => {
    const command = await load();
    const help = commandHelp(command);
    expect(help).toMatch(new RegExp(`^Usage: assay ${name}\\b`));
    expect(help).toContain(command.description.trim());
    for (const [name, { placeholder, help: told }] of Object.entries(command.options)) {
      expect(help).toContain(placeholder === undefined ? `--${name} ` : `--${name} ${placeholder}`);
      expect(help).toContain(told);
    }
    expect(help).toContain('--help');
    expect(help.endsWith('\n')).toBe(true);
    for (const line of command.description.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('shows only options that the command takes', async () => {
    for (const { name: command, load } of COMMANDS) {
      const { usage, description, options } = await load();
      const named = [
        ...usage.matchAll(/--([a-z-]+)/g),
        ...description.matchAll(new RegExp(`assay ${command}[^\\n]*? --([a-z-]+)`, 'g')),
      ];
      for (const [, name = ''] of named) expect(Object.keys(options)).toContain(name);
    }
  });

  test('of serve names every setting with its variable', () => {
    for (const [name, { env }] of Object.entries(SETTINGS)) {
      expect(commandHelp(serve)).toContain(`--${name} `);
      expect(commandHelp(serve)).toContain(env);
    }
  });

  test('as a whole lists every command with what it is for', () => {
    for (const { name, summary } of COMMANDS)
      expect(overallHelp(COMMANDS)).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });
});

describe('a command line', () => {
  test('is read into options and words', () => {
    const parsed = parseCommandLine(rules, ['a/b', '--immutable', 'v*', '--json']);
    expect(parsed.positionals).toEqual(['a/b']);
    expect({ ...parsed.values }).toEqual({ immutable: 'v*', json: true });
    expect(parseCommandLine(gc, ['-h']).values['help']).toBe(true);
    expect(parseCommandLine(serve, ['--data=a=b']).values['data']).toBe('a=b');
    expect(parseCommandLine(gc, ['--', '--dry-run']).positionals).toEqual(['--dry-run']);
  });

  test.each([
    ['an option that nobody knows', ['--dry']],
    ['a short option that nobody knows', ['-n']],
    ['an option without its value', ['--grace']],
    ['an option whose value looks like an option', ['--grace', '--json']],
    ['a value for a switch', ['--dry-run=yes']],
    ['a denied switch', ['--no-dry-run']],
  ])('is refused for %s', (_, args) => {
    expect(() => parseCommandLine(gc, args)).toThrow(UsageError);
  });

  test('may have no words where a command takes none', () => {
    expect(() => refuseWords(['more'])).toThrow('"more"');
    expect(() => refuseWords([])).not.toThrow();
  });
});

describe('a size', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 ** 2, '1.0 MiB'],
    [5.25 * 1024 ** 3, '5.3 GiB'],
    [1024 ** 4, '1.0 TiB'],
    [5000 * 1024 ** 4, '5000.0 TiB'],
  ])('of %i bytes is told as people read it', (bytes, told) => {
    expect(sizeText(bytes)).toBe(told);
  });
});

describe('assay', { concurrent: true }, () => {
  const folder = useTemporaryFolder();

  test.each([[['help']], [['--help']], [['-h']]])('tells all commands for %j, exit 0', async (args) => {
    const { code, stdout, stderr } = await assay(args);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: overallHelp(COMMANDS), stderr: '' });
  });

  test('without a command tells the same, but on standard error, exit 2', async () => {
    const { code, stdout, stderr } = await assay([]);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: overallHelp(COMMANDS) });
  });

  test.each(COMMANDS)('tells the same of $name by help $name and $name --help', async (command) => {
    for (const args of [
      ['help', command.name],
      [command.name, '--help'],
      [command.name, '-h'],
    ]) {
      expect(await assay(args)).toMatchObject({ code: 0, stdout: commandHelp(await command.load()), stderr: '' });
    }
  });

  test.each([
    ['a command that nobody knows', ['sevre'], '"sevre"'],
    ['help for a command that nobody knows', ['help', 'sevre'], 'serve, publish'],
    ['an option that nobody knows', ['gc', '--dry'], '--dry'],
    ['an option without its value', ['serve', '--port'], '--port'],
    ['a word too many', ['fsck', 'now'], '"now"'],
    ['a word too many for version', ['version', '1'], '"1"'],
    ['nothing to pull', ['pull'], 'which version'],
    ['no directory to pull into', ['pull', 'a/b'], 'which directory'],
    ['a word too many for pull', ['pull', 'a/b', 'c', 'd'], '"d"'],
    ['a family that is none', ['pull', 'A/b', 'c'], '"A/b"'],
    ['a ref that is none', ['pull', 'a/b@..', 'c'], '"a/b@.."'],
    ['a lock file for nothing', ['pull', 'a/b', 'c', '--lock-file', 'd'], '--locked'],
    ['a lock of what is no version', ['lock', 'a b@v1'], '"a b@v1"'],
    ['no directory to verify', ['verify'], 'which directory'],
    ['a version to verify against that is none', ['verify', '.', '--against', 'v1'], '"v1"'],
    ['no repository for rules', ['rules'], 'repository'],
    ['two repositories for rules', ['rules', 'a', 'b'], '"b"'],
    ['options that exclude each other', ['rules', 'a', '--none', '--immutable', 'v*'], 'exclude'],
    ['a server that is no address', ['rules', 'a', '--url', 'nowhere'], '--url'],
    ['a port that is none', ['serve', '--port', 'http'], '--port'],
    ['an address that needs trust', ['serve', '--host', '0.0.0.0'], '--trust network'],
    ['a grace that is no time', ['gc', '--grace', 'soon'], 'soon'],
    ['a folder without a store', ['gc', '--data', '/nowhere/at/all'], '/nowhere/at/all'],
    ['a folder without a store to check', ['fsck', '--data', '/nowhere/at/all'], '/nowhere/at/all'],
  ])('ends with 2 and names what is wrong for %s', async (_, args, named) => {
    const { code, stdout, stderr } = await assay(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('names a wrong grace by the option that was given', async () => {
    expect((await assay(['gc', '--grace', 'soon'])).stderr).toMatch(/--grace is/);
  });

  test('names a wrong variable by its name, exit 2', async () => {
    const { code, stderr } = await assay(['gc'], { ASSAY_GC_GRACE: 'soon' });
    expect(code).toBe(2);
    expect(stderr).toContain('ASSAY_GC_GRACE is "soon"');
  });

  test('checks a store whatever address its server listens on', async () => {
    const data = join(folder.path, 'never-served');
    const { stderr } = await assay(['fsck', '--data', data], { ASSAY_HOST: '0.0.0.0' });
    expect(stderr).toContain(`there is no store in ${data}`);
  });

  test('makes nothing where it finds no store', async () => {
    const data = join(folder.path, 'empty');
    await mkdir(data);
    expect((await assay(['gc', '--data', data])).code).toBe(2);
    expect((await assay(['gc', '--data', join(data, 'sub')])).stderr).toContain('there is no store');
    await expect(mkdir(join(data, 'store'))).resolves.toBeUndefined();
  });

  test('names a data folder that cannot be one, exit 2', async () => {
    const data = join(folder.path, 'a-file');
    await writeFile(data, '');
    const { code, stderr } = await assay(['serve', '--port', '0', '--data', data]);
    expect(code).toBe(2);
    expect(stderr).toContain(data);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('names a data folder that no folder can be, where the system says that what is there is not', async () => {
    const { code, stderr } = await assay(['serve', '--port', '0', '--data', '/proc/xx']);
    expect(code).toBe(2);
    expect(stderr).toContain('/proc/xx: no folder can be made there');
  });

  test('names a folder without blobs, and makes none there', async () => {
    const data = join(folder.path, 'keys-alone');
    const context = await openContext(readConfig({ data }));
    await context.close();
    const elsewhere = join(folder.path, 'elsewhere');
    const { code, stderr } = await assay(['fsck', '--data', data, '--blobs', `files:${elsewhere}`]);
    expect(code).toBe(2);
    expect(stderr).toContain(`there are no blobs in ${elsewhere}`);
    await expect(mkdir(elsewhere)).resolves.toBeUndefined();
  });

  test('fails with 1, and no stack, when it cannot do what it was told', async () => {
    const { code, stderr } = await assay(['rules', 'a', '--url', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toContain('http://127.0.0.1:1');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('says which version it is, in words and as JSON', async () => {
    for (const args of [['version'], ['--version'], ['-v']]) {
      expect(await assay(args)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^assay \d+\.\d+\.\d+ \(node /) as string,
      });
    }
    expect(JSON.parse((await assay(['version', '--json'])).stdout)).toEqual({
      assay: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      dataFormat: DATA_FORMAT,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    });
  });
});
