import { describe, expect, test } from 'vitest';
import { RequestDurations } from '../../../server/request-durations.ts';

const NAME = 'assay_http_request_duration_seconds';
const LINE =
  /^assay_http_request_duration_seconds_(?:bucket|sum|count)\{route="[^"]*",method="[A-Z]+",status="\d{3}"(?:,le="[^"]+")?\} \S+$/;

function valuesIn(text: string, kind: string, labels: string): number[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${NAME}_${kind}{`) && line.includes(labels));
  return lines.map((line) => Number(line.split(' ').at(-1)));
}

describe('the durations of requests', () => {
  test('are a histogram without series before the first request', () => {
    const [help, type, ...rest] = new RequestDurations().text().split('\n');
    expect(help).toMatch(new RegExp(`^# HELP ${NAME} \\S`));
    expect(type).toBe(`# TYPE ${NAME} histogram`);
    expect(rest).toEqual(['']);
  });

  test('are counted below each bound, the bound included', () => {
    const durations = new RequestDurations();
    for (const seconds of [0, 0.0005, 0.00051, 0.03, 29, 30, 31]) durations.observe('blobs', 'GET', 200, seconds);
    const text = durations.text();
    const labels = 'route="blobs",method="GET",status="200"';
    expect(text).toContain(`${NAME}_bucket{${labels},le="0.0005"} 2\n`);
    expect(text).toContain(`${NAME}_bucket{${labels},le="0.001"} 3\n`);
    expect(text).toContain(`${NAME}_bucket{${labels},le="0.025"} 3\n`);
    expect(text).toContain(`${NAME}_bucket{${labels},le="0.05"} 4\n`);
    expect(text).toContain(`${NAME}_bucket{${labels},le="30"} 6\n`);
    expect(text).toContain(`${NAME}_bucket{${labels},le="+Inf"} 7\n`);
    expect(valuesIn(text, 'count', labels)).toEqual([7]);
    expect(valuesIn(text, 'sum', labels)[0]).toBeCloseTo(90.03101, 6);
  });

  test('never fall from one bucket to the next, end in the count, and stand in well-formed lines', () => {
    const durations = new RequestDurations();
    for (let at = 0; at < 500; at += 1) {
      durations.observe(
        at % 2 === 0 ? 'tags' : 'manifests',
        at % 3 === 0 ? 'HEAD' : 'GET',
        at % 5 === 0 ? 404 : 200,
        (at * at) / 4000,
      );
    }
    const text = durations.text();
    for (const line of text.trimEnd().split('\n').slice(2)) expect(line).toMatch(LINE);
    for (const route of ['tags', 'manifests']) {
      for (const [method, status] of [
        ['GET', 200],
        ['HEAD', 200],
        ['GET', 404],
        ['HEAD', 404],
      ]) {
        const labels = `route="${route}",method="${method}",status="${status}"`;
        const buckets = valuesIn(text, 'bucket', labels);
        expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
        expect(valuesIn(text, 'count', labels)).toEqual([buckets.at(-1)]);
        expect(buckets.at(-1)).toBeGreaterThan(0);
      }
    }
    expect(text.endsWith('\n')).toBe(true);
  });
});
