import { describe, expect, test } from 'vitest';
import { COMMAND_SETTINGS } from '../../../server/command-settings.ts';
import { SETTINGS } from '../../../server/settings.ts';
import { filesBelow, textAt, yamlAt } from '../../support/deployed.ts';

const NAME = /\bASSAY_[A-Z0-9_]*[A-Z0-9]\b/g;
const KNOWN = new Set<string>([...Object.values(SETTINGS), ...Object.values(COMMAND_SETTINGS)].map(({ env }) => env));
/** What tests and measurements read is for who works on Assay, and some pages tell of it. */
const OF_TESTS = new Set(['test', 'bench'].flatMap(filesBelow).flatMap((path) => namesIn(textAt(path))));

describe('names of settings', () => {
  test.each(filesBelow('deploy'))('in %s are those of the code', (path) => {
    expect(namesIn(textAt(path)).filter((name) => !KNOWN.has(name))).toEqual([]);
  });

  test.each(['README.md', 'SECURITY.md', ...filesBelow('docs').filter((path) => path.endsWith('.md'))])(
    'in %s are those of the code',
    (path) => expect(namesIn(textAt(path)).filter((name) => !KNOWN.has(name) && !OF_TESTS.has(name))).toEqual([]),
  );
});

test('the table of README.md has every setting', () => {
  const rows = textAt('README.md')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const missing = Object.entries(SETTINGS).filter(([name, { env }]) => {
    return !rows.some((row) => row.includes(`\`--${name}`) && row.includes(`\`${env}\``));
  });
  expect(missing.map(([name]) => name)).toEqual([]);
});

describe('values of settings', () => {
  const COMPOSE = yamlAt('deploy/compose.yaml') as {
    services: Record<string, { environment?: Record<string, string> }>;
  };
  const KUBERNETES = yamlAt('deploy/kubernetes/settings.yaml') as { data: Record<string, string> };
  const SECRET = yamlAt('deploy/kubernetes/secret.example.yaml') as { stringData: Record<string, string> };
  const values: [string, string, string][] = [
    ...Object.entries(COMPOSE.services).flatMap(([name, { environment = {} }]) =>
      valuesOf(`compose ${name}`, environment),
    ),
    ...valuesOf('kubernetes/settings.yaml', KUBERNETES.data),
    ...valuesOf('kubernetes/secret.example.yaml', SECRET.stringData),
    ...valuesOf('Dockerfile', assignmentsIn(textAt('deploy/Dockerfile'))),
    ...valuesOf('assay.service', assignmentsIn(textAt('deploy/assay.service'))),
    // Those are examples, and commented out.
    ...valuesOf('assay.env', assignmentsIn(textAt('deploy/assay.env').replaceAll(/^#(?=\w)/gm, ''))),
  ];

  test.each(values)('%s: %s=%s can be read', (_, name, value) => {
    const setting = Object.values(SETTINGS).find(({ env }) => env === name);
    expect(() => setting?.parse(value)).not.toThrow();
    expect(setting).toBeDefined();
  });

  test('are found in every file', () => {
    expect(new Set(values.map(([place]) => place)).size).toBe(7);
  });
});

function namesIn(text: string): string[] {
  return [...new Set(text.match(NAME))];
}

function valuesOf(place: string, environment: Readonly<Record<string, string>>): [string, string, string][] {
  const ours = Object.entries(environment).filter(([name]) => name.startsWith('ASSAY_'));
  // What a person puts into deploy/.env.
  return ours.map(([name, value]) => [place, name, value.replaceAll(/\$\{\w+:\?[^}]*\}/g, 'secret')]);
}

/** `NAME=value` of Dockerfiles, units and files of environments. */
function assignmentsIn(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const found = lines.flatMap((line) => [...line.matchAll(/(?:^|[\s=])(ASSAY_\w+)=(\S+)/g)]);
  return Object.fromEntries(found.map(([, name = '', value = '']) => [name, value]));
}
