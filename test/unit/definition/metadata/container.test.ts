import { describe, expect, test } from 'vitest';
import { faultsOf, read, treeOf } from './read.ts';

describe('a container is refused for', () => {
  test.each<[string, string, string]>([
    ['an empty name', 'name = ""', '1:1 name: is empty'],
    ['a family that is none', 'family = "a b"', '1:1 family: "a b" names no family'],
    ['half a version', 'version = "2"', '1:1 version: "2" is not a version'],
    ['tags that come twice', 'tags = ["a", "a"]', '1:14 tags[1]: "a" comes twice'],
    ['a description that is not there', 'description = "x.md"', '1:1 description: "x.md" is not in this version'],
    [
      'a Dockerfile that is not there',
      'dockerfile = "Containerfile"',
      '1:1 dockerfile: "Containerfile" is not in this version',
    ],
    ['a Dockerfile that is a folder', 'dockerfile = "folder"', '1:1 dockerfile: "folder" is a folder, not a file'],
    ['a Dockerfile that is a list', 'dockerfile = ["Dockerfile"]', '1:1 dockerfile: is not a path'],
    ['a context that is a file', 'context = "run.sh"', '1:1 context: "run.sh" is a file, not a folder'],
    ['a context outside', 'context = ".."', '1:1 context: ".." leads out of the version'],
    ['a platform without a slash', 'platforms = ["linux"]', '1:14 platforms[0]: "linux" is not a platform'],
    [
      'a platform in capitals',
      'platforms = [\n "linux/amd64",\n "Linux/arm64"]',
      '3:2 platforms[1]: "Linux/arm64" is not',
    ],
    ['a platform of four parts', 'platforms = ["linux/arm/v7/x"]', '1:14 platforms[0]: "linux/arm/v7/x" is not'],
    ['a platform twice', 'platforms = ["linux/amd64", "linux/amd64"]', '1:29 platforms[1]: "linux/amd64" comes twice'],
    ['platforms that are a string', 'platforms = "linux/amd64"', '1:1 platforms: is not a list of strings'],
    ['an entrypoint that is a string', 'entrypoint = "run.sh"', '1:1 entrypoint: is not a list of strings'],
    ['a word that is a number', 'cmd = ["sleep", 5]', '1:17 cmd[1]: is not a string'],
    ['an environment that is a list', 'env = ["A=1"]', '1:1 env: is not a table'],
    ['a variable that is a number', '[env]\nA = "1"\nB = 1', '3:1 env.B: is not a string'],
    ['a variable that no system takes', '[env]\n"A=B" = "1"', '2:1 env."A=B": "A=B" cannot be the name of a variable'],
    ['a variable without a name', '[env]\n"" = "1"', '2:1 env."": "" cannot be the name of a variable'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text, 'container')).toEqual([expect.stringContaining(fault)]);
  });

  test.each<[string, Parameters<typeof treeOf>[0], string]>([
    ['no Dockerfile', {}, 'there is no Dockerfile beside it'],
    ['a folder for it', { Dockerfile: 'folder' }, 'the Dockerfile beside it is a folder'],
    ['a link for it', { Dockerfile: 'link' }, 'the Dockerfile beside it is a link'],
  ])('%s', (_, tree, message) => {
    expect(faultsOf('name = "a"', 'container', treeOf(tree))).toEqual([expect.stringContaining(`-:- -: ${message}`)]);
  });
});

describe('a container may', () => {
  test.each<[string, string]>([
    ['say nothing', ''],
    ['describe itself', 'description = "Node and a shell"\ntags = ["node"]'],
    ['have another Dockerfile', 'dockerfile = "folder/two words.md"\ncontext = "folder"'],
    ['be its own context', 'context = "."'],
    ['run on many machines', 'platforms = ["linux/amd64", "linux/arm64/v8", "linux/s390x"]'],
    ['say what it runs', 'entrypoint = ["/bin/sh", "-c", ""]\ncmd = []\n[env]\nEMPTY = ""\n"with.dot" = "x"'],
    ['have what a test case has', 'variants = 3\nlimits = 0\nbuild = 1'],
  ])('%s', (_, text) => {
    expect(faultsOf(text, 'container')).toEqual([]);
  });

  test('name another file than the Dockerfile that is missing', () => {
    expect(faultsOf('dockerfile = "a"', 'container', treeOf({ a: 'file' }))).toEqual([]);
  });
});

test('faults and metadata say that it is a container', () => {
  expect(read('name = 1', 'container').faults[0]?.file).toBe('container.toml');
  expect(read('name = "a"', 'container').metadata).toEqual({ kind: 'container', name: 'a', config: { name: 'a' } });
});
