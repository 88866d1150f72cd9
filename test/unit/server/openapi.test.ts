import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { pageOf } from '../../../server/openapi/page.ts';
import type { ApiPath } from '../../../server/routes/api/paths.ts';
import { methodsOf, ROUTES } from '../../../server/routes/router.ts';
import { DOCUMENT, exchangeFault, faultsUnder, HOW } from '../../support/described.ts';

const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
const API_ROUTES = ROUTES.filter(({ path }) => path.source.includes('api\\/v1'));
const SAMPLES: Readonly<Record<string, string>> = { family: 'test-cases/carom', path: 'a/b.txt' };

describe('the document', () => {
  test.each(API_ROUTES.map(({ method, path, name }) => [method, path.source, name] as const))(
    'has the route %s %s',
    (method, source, name) => {
      const route = API_ROUTES.find((one) => one.name === name)!;
      const { template } = route.path as ApiPath;
      expect(template, `${method} ${source} (${name}) has no template. ${HOW}`).toBeDefined();
      expect(route.api, `${method} ${template} (${name}) is not described. ${HOW}`).toBeDefined();
      const found = DOCUMENT.paths[template]?.[method.toLowerCase()];
      expect(found?.operationId, `${method} ${template} is described by another route`).toBe(name);
    },
  );

  test('has nothing that is no route', () => {
    for (const { path, method } of OPERATIONS) {
      const sample = path.replace(/\{(\w+)\}/g, (_, name: string) => SAMPLES[name] ?? 'x');
      expect(methodsOf(sample), `${method} ${path}`).toContain(method);
    }
    expect(OPERATIONS.filter(({ method }) => method !== 'HEAD')).toHaveLength(API_ROUTES.length);
  });

  test('is OpenAPI 3.1, as the schema of the specification says', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(DOCUMENT) as never);
    expect([valid, errors]).toEqual([true, undefined]);
  });

  test('names every operation once, and every parameter of its path', () => {
    const ids = OPERATIONS.map(({ operation }) => operation.operationId);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { path, operation } of OPERATIONS) {
      const named = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`);
      expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  test('holds schemas that a validator takes without a doubt', () => {
    const bodies = OPERATIONS.flatMap(({ operation }) => [
      ...Object.values(operation.responses),
      ...(operation.requestBody === undefined ? [] : [operation.requestBody]),
    ]);
    const schemas = bodies.flatMap(({ content = {} }) => Object.values(content).map(({ schema = {} }) => schema));
    for (const schema of schemas) expect(() => faultsUnder(schema, null)).not.toThrow();
    expect(schemas.length).toBeGreaterThan(OPERATIONS.length);
  });

  test('says of every refusal what may be its code, and of every tag what it is for', () => {
    for (const { operation } of OPERATIONS) {
      const refusals = Object.entries(operation.responses).filter(([status]) => status >= '400');
      for (const [, { description }] of refusals) expect(description).toMatch(/^[a-z-]+(?:, [a-z-]+)*$/);
    }
    for (const { name, description } of DOCUMENT.tags)
      expect(description, `TAGS in server/openapi/document.ts does not say what ${name} is`).not.toBe(name);
  });
});

function bodyOf(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

describe('an answer', () => {
  const problem = { type: 'about:blank', title: 'x', status: 404, code: 'name-unknown', detail: 'x' };
  const exchange = {
    method: 'GET',
    target: '/api/v1/pins/a',
    status: 404,
    contentType: 'application/problem+json',
    body: Buffer.from(JSON.stringify(problem)),
  };

  test('that is as the document says passes, and so does one of which it says nothing', () => {
    expect(exchangeFault(exchange)).toBeUndefined();
    expect(exchangeFault({ ...exchange, target: '/v2/' })).toBeUndefined();
  });

  test.each([
    ['of another status', { status: 410 }, /may answer 410/],
    ['of another type', { contentType: 'text/html' }, /of type text\/html/],
    ['of another code', { body: bodyOf({ ...problem, code: 'pin-moved' }) }, /code must be equal/],
    ['with a field that nobody knows', { body: bodyOf({ ...problem, more: 1 }) }, /additional properties/],
    ['that lacks a field', { body: bodyOf({ ...problem, detail: undefined }) }, /required property 'detail'/],
    ['with a body where there is none', { method: 'HEAD' }, /with a body/],
  ])('%s does not', (_, change, fault) => {
    expect(exchangeFault({ ...exchange, ...change })).toMatch(fault);
  });
});

describe('the page', () => {
  const page = pageOf(DOCUMENT);

  test('tells of every operation and every schema', () => {
    for (const { operation } of OPERATIONS.filter(({ method }) => method !== 'HEAD'))
      expect(page).toContain(`id="op-${operation.operationId}"`);
    for (const name of Object.keys(DOCUMENT.components.schemas)) expect(page).toContain(`id="schema-${name}"`);
  });

  test('leads nowhere but to what is there', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const targets = [...page.matchAll(/ href="([^"]+)"/g)].map(([, href = '']) => href);
    expect([...new Set(targets)].filter((href) => !href.startsWith('#'))).toEqual(['/openapi.json']);
    for (const href of targets.filter((one) => one.startsWith('#'))) expect(ids).toContain(href.slice(1));
  });

  test('holds no script and loads nothing', () => {
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object)|\son\w+=|@import|url\(/i);
  });

  test('shows what stands in the document as text', () => {
    const hostile = '<img src=x onerror="alert(1)">&';
    const shown = pageOf({ ...DOCUMENT, info: { ...DOCUMENT.info, description: hostile, version: hostile } });
    expect(shown).not.toContain('<img');
    expect(shown).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;');
  });
});
