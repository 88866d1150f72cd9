import { describe, expect, test } from 'vitest';
import { partsOf } from '../../../../lib/definition/metadata/parts.ts';
import { read, treeOf } from './read.ts';

const ALL = treeOf({
  'prompt.md': 'file',
  'description.md': 'executable',
  'CHANGELOG.md': 'file',
  workspace: 'folder',
  validation: 'folder',
  other: 'folder',
  'other/a b.md': 'file',
});

function parts(text: string, tree = ALL) {
  const { metadata, faults } = read(text, 'test-case', tree);
  expect(faults).toEqual([]);
  return partsOf(metadata!.config, tree);
}

describe('the parts of a definition', () => {
  test('are where they usually are, when nothing is said', () => {
    expect(parts('')).toEqual({
      prompt: { path: 'prompt.md' },
      description: { path: 'description.md' },
      changelog: { path: 'CHANGELOG.md' },
      workspace: { path: 'workspace' },
      validation: { path: 'validation' },
    });
  });

  test('are none when nothing is there, or only what cannot be one', () => {
    expect(parts('', treeOf({}))).toEqual({});
    expect(parts('', treeOf({ 'prompt.md': 'link', 'description.md': 'folder', workspace: 'file' }))).toEqual({});
  });

  test('are where the metadata says, from the root', () => {
    const text = `
prompt = "./prompt.md"
description = { path = "other/a b.md" }
changelog = { file = "other/a b.md", since = 2025 }
workspace = "other/"
validation = "."
`;
    expect(parts(text)).toEqual({
      prompt: { path: 'prompt.md' },
      description: { path: 'other/a b.md' },
      changelog: { path: 'other/a b.md' },
      workspace: { path: 'other' },
      validation: { path: '' },
    });
  });

  test('may be texts', () => {
    expect(
      parts('prompt = "Build."\ndescription = { text = "a/b" }\nchangelog = "new"', treeOf({ 'Build.': 'file' })),
    ).toEqual({
      prompt: { path: 'Build.' },
      description: { text: 'a/b' },
      changelog: { text: 'new' },
    });
    expect(parts('prompt = "Build a game."', treeOf({}))).toEqual({ prompt: { text: 'Build a game.' } });
  });

  test('are not guessed where the metadata says something else', () => {
    expect(parts('changelog = []\nvalidation = ["npm test"]')).toEqual({
      prompt: { path: 'prompt.md' },
      description: { path: 'description.md' },
      workspace: { path: 'workspace' },
    });
  });

  test('are where they usually are, when a table says other things of them', () => {
    expect(parts('[workspace]\nrun = "x"')).toMatchObject({ workspace: { path: 'workspace' } });
  });
});
