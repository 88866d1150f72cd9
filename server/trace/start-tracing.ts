import { describeError, type Log } from '../log.ts';
import { VERSION } from '../version.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import type { Tracing } from './otlp-settings.ts';
import { Tracer } from './tracer.ts';

export interface RunningTracer {
  readonly tracer: Tracer;
  /** Sends what is left. */
  close(): Promise<void>;
}

export function startTracing({ url, headers, resource, sampler }: Tracing, log: Log): RunningTracer {
  const exporter = new OtlpExporter({
    url,
    headers,
    resource: { 'service.version': VERSION, ...resource },
    version: VERSION,
    onLost: (count, error) => log.error('traces lost', { spans: count, error: describeError(error) }),
  });
  return { tracer: new Tracer(exporter, sampler), close: () => exporter.close() };
}
