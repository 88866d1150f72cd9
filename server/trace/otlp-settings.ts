import { WrongSetting } from '../wrong-setting.ts';
import { SAMPLER_NAMES, samplerOf, type Sampler } from './sampler.ts';

/** Where traces go, by the environment variables that OpenTelemetry has for it. */
export interface Tracing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: Sampler;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined where no collector is named. Throws a WrongSetting for what cannot be done. */
export function readTracing(environment: Environment): Tracing | undefined {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  const url = collector(environment);
  if (url === undefined) return undefined;
  checkProtocol(environment);
  return {
    url,
    headers: pairs(either(environment, 'OTEL_EXPORTER_OTLP', 'HEADERS')),
    resource: {
      'service.name': environment['OTEL_SERVICE_NAME'] || 'assay',
      ...pairs({ name: 'OTEL_RESOURCE_ATTRIBUTES', value: environment['OTEL_RESOURCE_ATTRIBUTES'] }),
    },
    sampler: sampler(environment),
  };
}

interface Variable {
  readonly name: string;
  readonly value: string | undefined;
}

/** What is said of traces goes before what is said of everything. */
function either(environment: Environment, prefix: string, what: string): Variable {
  const [own, general] = [`${prefix}_TRACES_${what}`, `${prefix}_${what}`];
  if (environment[own]) return { name: own, value: environment[own] };
  return { name: general, value: environment[general] || undefined };
}

function collector(environment: Environment): string | undefined {
  const { name, value } = either(environment, 'OTEL_EXPORTER_OTLP', 'ENDPOINT');
  if (value === undefined) return undefined;
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new WrongSetting(`${name} is ${JSON.stringify(value)}; it takes an address like http://127.0.0.1:4318`);
  }
  return name.includes('TRACES') ? value : `${value.replace(/\/+$/, '')}/v1/traces`;
}

function checkProtocol(environment: Environment): void {
  const { name, value } = either(environment, 'OTEL_EXPORTER_OTLP', 'PROTOCOL');
  if (value === undefined || value === 'http/json') return;
  throw new WrongSetting(
    `${name} is ${JSON.stringify(value)}; Assay speaks http/json, which collectors take on port 4318`,
  );
}

function sampler(environment: Environment): Sampler {
  const name = environment['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const argument = environment['OTEL_TRACES_SAMPLER_ARG'] || '1';
  const ratio = Number(argument);
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new WrongSetting(`OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(argument)}; it takes a number from 0 to 1`);
  }
  const found = samplerOf(name, ratio);
  if (found !== undefined) return found;
  throw new WrongSetting(`OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}; it takes ${SAMPLER_NAMES.join(', ')}`);
}

/** `a=b,c=d`, percent-encoded. What is wrong is not shown: it may be a key. */
function pairs({ name, value = '' }: Variable): Record<string, string> {
  const parts = value.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      if (at <= 0) throw new WrongSetting(`${name} takes pairs like name=value, with commas between them`);
      return [part.slice(0, at).trim(), decoded(name, part.slice(at + 1).trim())];
    }),
  );
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new WrongSetting(`${name} is not well-formed percent-encoding`);
  }
}
