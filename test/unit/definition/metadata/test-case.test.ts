import { describe, expect, test } from 'vitest';
import { faultsOf, read } from './read.ts';

const LONG = 'x'.repeat(201);

describe('a test case is refused for', () => {
  test.each<[string, string, string]>([
    ['an empty name', 'name = " "', '1:1 name: is empty'],
    ['a name that is no string', 'name = 5', '1:1 name: is not a string'],
    ['a name that is a table', '\n[name]\nx = 1', '2:2 name: is not a string'],
    ['a long name', `name = "${LONG}"`, '1:1 name: is longer than 200 characters'],
    ['a family with capitals', 'family = "test-cases/Carom"', '1:1 family: "test-cases/Carom" names no family'],
    ['a family that climbs', 'family = "../carom"', '1:1 family: "../carom" names no family'],
    ['a family with a slash in front', 'family = "/carom"', '1:1 family: "/carom" names no family'],
    ['a family that is no string', 'family = ["a"]', '1:1 family: is not a string'],
    ['half a version', 'version = "1.2"', '1:1 version: "1.2" is not a version'],
    ['a version with build metadata', '\nversion = "1.2.3+4"', '2:1 version: "1.2.3+4" is not a version'],
    ['a version with leading zeros', 'version = "v1.02.3"', '1:1 version: "v1.02.3" is not a version'],
    ['a version that is a number', 'version = 1.2', '1:1 version: is not a string'],
    ['an empty version', 'version = ""', '1:1 version: "" is not a version'],
    ['a difficulty that is a fraction', 'difficulty = 2.5', '1:1 difficulty: is neither a string nor an integer'],
    ['an empty difficulty', 'difficulty = ""', '1:1 difficulty: is empty'],
    ['tags that are no list', 'tags = "game"', '1:1 tags: is not a list of strings'],
    ['an empty tag', 'tags = [\n  "game",\n  "",\n]', '3:3 tags[1]: is empty'],
    ['a tag that is no string', 'tags = ["game", 2]', '1:17 tags[1]: is not a string'],
    ['a tag that comes twice', 'tags = ["a", "b", "a"]', '1:19 tags[2]: "a" comes twice'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  test.each<[string, string, string]>([
    ['a prompt that is not there', 'prompt = "promt.md"', '1:1 prompt: "promt.md" is not in this version; a text that'],
    ['a prompt that is a folder', 'prompt = "folder/"', '1:1 prompt: "folder/" is a folder, not a file'],
    ['a prompt that is a link', 'prompt = "./link"', '1:1 prompt: "./link" is a symbolic link'],
    ['a prompt outside', 'prompt = "../prompt.md"', '1:1 prompt: "../prompt.md" leads out of the version'],
    [
      'a prompt that leaves to come back',
      'prompt = "folder/../prompt.md"',
      '1:1 prompt: "folder/../prompt.md" leads out',
    ],
    ['a prompt of the machine', 'prompt = "/prompt.md"', '1:1 prompt: "/prompt.md" leads out of the version'],
    ['a prompt below a file', 'prompt = "prompt.md/x"', '1:1 prompt: "prompt.md/x" is not in this version'],
    ['an empty prompt', 'prompt = ""', '1:1 prompt: is empty'],
    ['a prompt that is a number', 'prompt = 1', '1:1 prompt: is neither a path nor a text'],
    [
      'a prompt in a table that is not there',
      '[prompt]\npath = "x y"',
      '2:1 prompt.path: "x y" is not in this version',
    ],
    ['a path that is no string', 'prompt = { path = 1 }', '1:12 prompt.path: is not a path'],
    ['a text that is no string', 'description = { text = 1 }', '1:17 description.text: is not a string'],
    ['a description that is not there', 'description = "a/b"', '1:1 description: "a/b" is not in this version'],
    ['a changelog that is a folder', 'changelog = "./folder"', '1:1 changelog: "./folder" is a folder, not a file'],
    ['a workspace that is not there', 'workspace = "workspace"', '1:1 workspace: "workspace" is not in this version'],
    ['a workspace that is a link', 'workspace = "link"', '1:1 workspace: "link" is a symbolic link'],
    ['a workspace that is a flag', 'workspace = true', '1:1 workspace: is no path'],
    ['a validation that climbs', '[validation]\npath = "../.."', '2:1 validation.path: "../.." leads out'],
    ['a validation that is no file', '[validation]\nfile = "folder"', '2:1 validation.file: "folder" is a folder'],
    [
      'a backslash for a slash',
      "workspace = 'folder\\two words.md'",
      '1:1 workspace: "folder\\\\two words.md" is not in',
    ],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  test.each<[string, string, string]>([
    ['variants that are a number', 'variants = 3', '1:1 variants: is neither a list nor a table'],
    ['a variant that is a number', 'variants = ["a", 3]', '1:18 variants[1]: is neither an id nor a table'],
    ['a variant without an id', '[[variants]]\nid = "a"\n[[variants]]\n', '3:3 variants[1]: has neither id nor name'],
    ['an id that is a number', '[[variants]]\nid = 1', '2:1 variants[0].id: is not a string'],
    ['an empty id', '[[specs]]\nname = ""', '2:1 specs[0].name: is empty'],
    ['an empty id as a key', '[proofs.""]', '1:9 proofs."": is empty'],
    ['a long id', `domains = ["${LONG}"]`, '1:12 domains[0]: is longer than 200 characters'],
    ['an id twice', '[[checks]]\nid = "a"\n[[checks]]\nname = "a"', '4:1 checks[1].name: "a" comes twice'],
    ['an id twice in a short list', 'domains = ["a", "b", "a"]', '1:22 domains[2]: "a" comes twice'],
    ['an id twice among items', '[review]\nitems = ["a", "a"]', '2:15 review.items[1]: "a" comes twice'],
    [
      'a path that is not there',
      '[references.a]\npath = "a.png"',
      '2:1 references.a.path: "a.png" is not in this version',
    ],
    ['a path that climbs', 'specs = [{ id = "a", file = "../a" }]', '1:22 specs[0].file: "../a" leads out'],
    ['a path that is a number', 'specs = [{ id = "a", path = 1 }]', '1:22 specs[0].path: is not a path'],
    ['a prompt of a variant', '[variants.a]\nprompt = "a.md"', '2:1 variants.a.prompt: "a.md" is not in this version'],
    [
      'a reference that is not known',
      'references = ["a"]\n[checks.c]\nreference = "b"',
      '3:1 checks.c.reference: "b" is not among',
    ],
    [
      'a reference in a list',
      'references = ["a"]\nproofs = [{ id = "p", reference = ["a", "b"] }]',
      '2:41 proofs[0].reference[1]: "b"',
    ],
    ['a reference where there are none', 'references = []\n[checks.c]\nreference = "b"', '3:1 checks.c.reference: "b"'],
    [
      'a domain that is not known',
      '[domains.a]\n[[review]]\nid = "r"\ndomain = "b"',
      '4:1 review[0].domain: "b" is not among the domains',
    ],
    ['it under its other name', 'domains = ["a"]\n[review_items.r]\ndomain = "b"', '3:1 review_items.r.domain: "b"'],
    ['a weight below zero', '[checks.a]\nweight = -1', '2:1 checks.a.weight: is not a number of zero or more'],
    ['a weight that is a string', '[review.a]\nweight = "1"', '2:1 review.a.weight: is not a number of zero'],
    [
      'weights that are all zero',
      '[review.a]\nweight = 0\n[review.b]\nweight = 0.0',
      '1:2 review: has weights that are all zero',
    ],
    ['a threshold above one', '[checks.a]\nthreshold = 1.01', '2:1 checks.a.threshold: is not between 0 and 1'],
    ['a threshold in per cent', '[checks.a]\nthreshold = 85', '2:1 checks.a.threshold: is not between 0 and 1'],
    ['a similarity below zero', '[proofs.a]\nsimilarity = -0.1', '2:1 proofs.a.similarity: is not between 0 and 1'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  test.each<[string, string, string]>([
    ['a build that is a number', 'build = 1', '1:1 build: is neither a command, a list of commands nor'],
    ['an empty command', 'build = ["make", " "]', '1:18 build[1]: is empty'],
    ['a command that is a number', 'build = ["make", 1]', '1:18 build[1]: is not a string'],
    ['a command without words', 'build = [["make", "x"], []]', '1:25 build[1]: is a command without words'],
    ['an empty word', 'build = [["make", ""]]', '1:19 build[0][1]: is empty'],
    ['a list too deep', 'build = [[["make"]]]', '1:11 build[0][0]: is not a string'],
    ['an empty command by name', '[build]\ninstall = ""', '2:1 build.install: is empty'],
    ['an empty one in its list', '[build]\ntest = [\n  "a",\n  "",\n]', '4:3 build.test[1]: is empty'],
    ['an empty one in a list of tables', '[[build]]\nrun = "a"\n[[build]]\nrun = ""', '4:1 build[1].run: is empty'],
    ['limits that are a string', 'limits = "1h"', '1:1 limits: is not a table'],
    ['a limit of zero', '[limits]\nturns = 0', '2:1 limits.turns: is not above zero'],
    ['a limit below zero', '[limits.build]\ntimeout = -1', '2:1 limits.build.timeout: is not above zero'],
    ['a timeout without a unit', '[limits]\ntimeout = "30"', '2:1 limits.timeout: "30" is not a duration'],
    [
      'a timeout in words',
      '[limits]\nbuild_timeout = "an hour"',
      '2:1 limits.build_timeout: "an hour" is not a duration',
    ],
    ['a timeout of nothing', '[limits]\ntimeout = "0m"', '2:1 limits.timeout: is not above zero'],
    ['a memory of time', '[limits]\nmemory = "30m 5s"', '2:1 limits.memory: "30m 5s" is not a size'],
    ['a disk below zero', '[limits]\nmax-disk = "-4GiB"', '2:1 limits.max-disk: "-4GiB" is not a size'],
    ['a disk of nothing', '[limits]\ndisk = "0.0 GB"', '2:1 limits.disk: is not above zero'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });

  test('everything that is wrong, each once', () => {
    const text =
      'name = ""\nversion = "1"\ntags = ["a", "a"]\nprompt = "x.md"\n[[checks]]\nweight = -1\n[limits]\nturns = 0';
    expect(faultsOf(text).map((fault) => fault.split(': ')[0])).toEqual([
      '1:1 name',
      '2:1 version',
      '3:14 tags[1]',
      '4:1 prompt',
      '5:3 checks[0]',
      '8:1 limits.turns',
    ]);
  });
});

describe('a test case may', () => {
  test.each<[string, string]>([
    ['say nothing', ''],
    ['have a difficulty in words', 'difficulty = "hard"'],
    ['have a difficulty in steps', 'difficulty = -1'],
    ['have no tags', 'tags = []'],
    ['name files by their paths', 'prompt = "./prompt.md"\nchangelog = "CHANGELOG.md"\ndescription = "三.md"'],
    ['name a program as its prompt', 'prompt = "run.sh"'],
    [
      'say its texts itself',
      'prompt = "Build a game"\ndescription = """A game.\nOf two lines."""\nchangelog = "Nothing"',
    ],
    ['say them in one word, in any language', 'prompt = "建一个台球游戏，没有球袋。"\ndescription = "Carom"'],
    ['say texts that look like paths', 'description = { text = "Fast/slow" }'],
    ['name paths that look like texts', 'prompt = { path = "folder/two words.md" }\nworkspace = "folder/two words.md"'],
    [
      'say more of its parts',
      '[workspace]\npath = "folder"\nrun = "x"\n[validation]\nfile = "run.sh"\ncommand = ["a"]',
    ],
    ['have lists that we do not know', 'changelog = [{ version = "1.0.0" }]\nvalidation = ["npm test"]'],
    ['be a folder whole', 'workspace = "."'],
    ['list ids', 'variants = ["a", "b"]\nspecs = []'],
    ['list tables by id or name', '[[variants]]\nid = "a"\nname = ""\n[[variants]]\nname = "b"\nprompt = "prompt.md"'],
    ['key tables by id', '[checks.a]\nfile = "run.sh"\n[checks.b]\npath = "folder"\n[checks]\nrepeat = 3'],
    ['keep items below their list', '[review]\nscale = 5\n[[review.items]]\nid = "a"\nweight = 1'],
    ['share ids between lists', 'variants = ["a"]\nchecks = ["a"]'],
    [
      'refer to what it declares',
      'references = ["a"]\n[domains.d]\n[checks.c]\nreference = "a"\n[review.r]\ndomain = "d"',
    ],
    ['refer to what nothing declares', '[checks.c]\nreference = "a"\n[review.r]\ndomain = "d"'],
    ['weigh only some', '[review.a]\nweight = 0\n[review.b]\nweight = 0.5\n[review.c]'],
    ['put thresholds in words', '[checks.a]\nthreshold = "close"\nsimilarity = 1\n[checks.b]\nthreshold = 0'],
    ['build with one command', 'build = "make"'],
    ['build with words', 'build = [["make", "-C", "x"], "make test"]'],
    [
      'build with names',
      '[build]\ninstall = "npm ci"\ntest = [["npm", "test"]]\nnetwork = false\n[build.env]\nCI = ""',
    ],
    ['build with nothing', 'build = []'],
    [
      'limit as it likes',
      '[limits]\ntimeout = 30\nbuild_timeout = "1h 30m"\nmemory = "4GiB"\nmax_memory = "512m"\ndisk = "1.5 TB"',
    ],
    [
      'limit what we do not know',
      '[limits]\ncpu = "two"\ndisk_path = "/tmp"\nnetwork = false\n[limits.per.turn]\ntokens = 0.5',
    ],
  ])('%s', (_, text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

test('metadata has name, family and version, and all of the file', () => {
  const text = 'name = "Carom"\nfamily = "test-cases/carom"\nversion = "1.2.0-rc.1"\nx = { y = [1] }';
  expect(read(text)).toEqual({
    faults: [],
    metadata: {
      kind: 'test-case',
      name: 'Carom',
      family: 'test-cases/carom',
      version: 'v1.2.0-rc.1',
      config: { name: 'Carom', family: 'test-cases/carom', version: '1.2.0-rc.1', x: { y: [1] } },
    },
  });
  expect(read('version = "v1.2.0"').metadata?.version).toBe('v1.2.0');
});
