import { describe, expect, test } from 'vitest';
import { readTracing } from '../../../server/trace/otlp-settings.ts';
import { samplerOf } from '../../../server/trace/sampler.ts';
import { parseTraceparent, SERVER, Span } from '../../../server/trace/span.ts';
import { WrongSetting } from '../../../server/wrong-setting.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('the settings of OpenTelemetry', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' };

  test('ask for no traces where no collector is named, or where all is switched off', () => {
    expect(readTracing({})).toBeUndefined();
    expect(readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBeUndefined();
    expect(readTracing({ ...endpoint, OTEL_SDK_DISABLED: 'TRUE' })).toBeUndefined();
  });

  test('name the collector, its headers and who sends', () => {
    expect(readTracing(endpoint)).toMatchObject({
      url: 'http://127.0.0.1:4318/v1/traces',
      headers: {},
      resource: { 'service.name': 'assay' },
    });
    const all = readTracing({
      ...endpoint,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.test/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=7',
      OTEL_SERVICE_NAME: 'lab',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    });
    expect(all).toMatchObject({
      url: 'https://collector.test/in',
      headers: { authorization: 'Bearer abc', 'x-tenant': '7' },
      resource: { 'service.name': 'lab', 'deployment.environment': 'test' },
    });
  });

  test.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a=%zz'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
  ])('say what is wrong with %s=%s', (name, value) => {
    const read = () => readTracing({ ...endpoint, [name]: value });
    expect(read).toThrow(WrongSetting);
    expect(read).toThrow(name);
  });

  test('show nothing of headers that are wrong, which may be keys', () => {
    expect(() => readTracing({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'hidden' })).not.toThrow('hidden');
  });
});

test.each([
  [`00-${TRACE}-${PARENT}-01`, { traceId: TRACE, spanId: PARENT, sampled: true }],
  [`00-${TRACE}-${PARENT}-00`, { traceId: TRACE, spanId: PARENT, sampled: false }],
  [`01-${TRACE}-${PARENT}-03-more`, { traceId: TRACE, spanId: PARENT, sampled: true }],
  [`ff-${TRACE}-${PARENT}-01`, undefined],
  [`00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${PARENT}-01`, undefined],
  ['nonsense', undefined],
  [undefined, undefined],
])('a traceparent of %s is %j', (header, expected) => {
  expect(parseTraceparent(header)).toEqual(expected);
});

test('samplers follow who asks where they are to, and their own mind else', () => {
  const [seen, unseen] = [true, false].map((sampled) => ({ traceId: TRACE, spanId: PARENT, sampled }));
  const told = (name: string, ratio = 1) => [undefined, seen, unseen].map((parent) => samplerOf(name, ratio)?.(parent));
  expect(told('always_on')).toEqual([true, true, true]);
  expect(told('always_off')).toEqual([false, false, false]);
  expect(told('traceidratio', 0)).toEqual([false, false, false]);
  expect(told('parentbased_always_on')).toEqual([true, true, false]);
  expect(told('parentbased_always_off')).toEqual([false, true, false]);
  expect(told('parentbased_traceidratio', 0)).toEqual([false, true, false]);
  expect(samplerOf('constructor', 1)).toBeUndefined();
});

test('a span has as many parts as anybody looks at, and counts the others', () => {
  const root = new Span('GET', SERVER, undefined);
  const parts = Array.from({ length: 250 }, () => root.child('part', SERVER)?.child('of it', SERVER));
  expect(parts.filter((part) => part !== undefined).length).toBe(100);
  expect(root.attributes['assay.spans.left_out']).toBeGreaterThan(100);
});
