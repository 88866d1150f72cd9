import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { END_LIMIT_MS } from '../../../server/end-limit.ts';
import { ROUTES } from '../../../server/routes/router.ts';
import { SETTINGS } from '../../../server/settings.ts';
import { ROOT, textAt, yamlAt } from '../../support/deployed.ts';

const PORT = Number(SETTINGS.port.fallback);
const PROGRAM = (JSON.parse(textAt('package.json')) as { bin: { assay: string } }).bin.assay;
/** How long a server may take to end, whatever hangs. */
const END_S = END_LIMIT_MS / 1000;

describe('the image', () => {
  const lines = textAt('deploy/Dockerfile').split('\n');

  test('exposes the port that the server listens on', () => {
    expect(wordsOf('EXPOSE')).toEqual([[String(PORT)]]);
    expect(textAt('deploy/Dockerfile')).toContain(`ASSAY_PORT=${PORT} `);
  });

  test('asks for its health where the server tells of it', () => {
    const path = /http:\/\/127\.0\.0\.1:\$\{process\.env\.ASSAY_PORT\}(\/\w+)/.exec(lineOf('HEALTHCHECK'))?.[1];
    expectRoute(path);
  });

  test('copies only what is there and what .dockerignore lets through', () => {
    const passed = textAt('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const allowed = new Set(passed.map((line) => line.slice(1)));
    const sources = wordsOf('COPY').flatMap((words) => (words[0]?.startsWith('--') ? [] : words.slice(0, -1)));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      expect(allowed).toContain(source);
      expect(existsSync(join(ROOT, source))).toBe(true);
    }
    expect(new Set(sources)).toEqual(allowed);
  });

  test('runs the program of package.json for a user without rights, with its data in a volume', () => {
    expect(textAt('deploy/Dockerfile')).toContain(`/app/${PROGRAM} /usr/local/bin/assay`);
    expect(wordsOf('USER')).toEqual([['node']]);
    expect(textAt('deploy/Dockerfile')).toContain(`ASSAY_DATA=${wordsOf('VOLUME')[0]?.[0]}`);
  });

  test('leaves it to others to trust the network', () => {
    expect(lines.filter((line) => !line.startsWith('#')).join('\n')).not.toContain('ASSAY_TRUST');
  });

  function wordsOf(instruction: string): string[][] {
    return lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.split(' ').slice(1));
  }

  function lineOf(instruction: string): string {
    return lines.find((line) => line.startsWith(`${instruction} `)) ?? '';
  }
});

describe('the compose file', () => {
  const { services, volumes } = yamlAt('deploy/compose.yaml') as {
    services: Record<string, { image?: string; volumes?: string[]; ports?: string[]; stop_grace_period?: string }>;
    volumes: object;
  };
  const servers = Object.keys(services).filter((name) => services[name]?.image === 'assay');

  test('has the servers that the proxy sends to', () => {
    const upstreams = [...textAt('deploy/nginx.conf').matchAll(/^ +server ([\w-]+):(\d+)/gm)];
    expect(upstreams.map(([, name]) => name)).toEqual(servers);
    expect(upstreams.map(([, , port]) => port)).toEqual(servers.map(() => String(PORT)));
    expect(servers).toHaveLength(2);
  });

  test('opens one port, the proxy’s, and on loopback only', () => {
    const opened = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    const listens = /^ +listen (\d+);/m.exec(textAt('deploy/nginx.conf'))?.[1];
    expect(opened).toEqual([['proxy', `127.0.0.1:${PORT}:${listens}`]]);
  });

  test('gives servers the time to end, and names only volumes and files that are there', () => {
    for (const name of servers)
      expect(Number.parseInt(services[name]?.stop_grace_period ?? '', 10)).toBeGreaterThan(END_S);
    for (const volume of Object.values(services).flatMap((service) => service.volumes ?? [])) {
      const [source = ''] = volume.split(':');
      expect(existsSync(join(ROOT, 'deploy', source)) || Object.hasOwn(volumes, source)).toBe(true);
    }
  });

  test('asks for every secret that deploy/.env.example names, and for no other', () => {
    const asked = new Set([...textAt('deploy/compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const named = [...textAt('deploy/.env.example').matchAll(/^(\w+)=$/gm)].map(([, name]) => name);
    expect(new Set(named)).toEqual(asked);
  });
});

describe('the manifests for Kubernetes', () => {
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
  }
  interface Container {
    readonly image: string;
    readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
    readonly startupProbe?: Probe;
    readonly livenessProbe?: Probe;
    readonly readinessProbe?: Probe;
    readonly securityContext: { readonly readOnlyRootFilesystem: boolean; readonly allowPrivilegeEscalation: boolean };
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }
  const kustomization = yamlAt('deploy/kubernetes/kustomization.yaml') as {
    resources: string[];
    images: { name: string }[];
  };
  const { spec } = yamlAt('deploy/kubernetes/deployment.yaml') as {
    spec: {
      selector: { matchLabels: object };
      template: {
        metadata: { labels: object; annotations: Record<string, string> };
        spec: {
          terminationGracePeriodSeconds: number;
          securityContext: { runAsNonRoot: boolean };
          initContainers: Container[];
          containers: [Container];
          volumes: { name: string }[];
        };
      };
    };
  };
  const { metadata, spec: pod } = spec.template;
  const [container] = pod.containers;

  test('are all well-formed', () => {
    for (const file of [...kustomization.resources, 'secret.example.yaml']) {
      expect(yamlAt(`deploy/kubernetes/${file}`)).toMatchObject({ metadata: { name: 'assay' } });
    }
    expect(kustomization.images.map(({ name }) => name)).toContain(container.image);
  });

  test('ask for health and readiness where the server tells of them', () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: PORT }]);
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(probe?.httpGet.port).toBe('http');
      expectRoute(probe?.httpGet.path);
    }
    expect(container.livenessProbe?.httpGet.path).toBe('/healthz');
    expect(container.readinessProbe?.httpGet.path).toBe('/readyz');
    expect(metadata.annotations['prometheus.io/port']).toBe(String(PORT));
    expectRoute(metadata.annotations['prometheus.io/path']);
  });

  test('choose the same pods everywhere', () => {
    const labels = metadata.labels;
    const service = yamlAt('deploy/kubernetes/service.yaml') as { spec: { selector: object; ports: object[] } };
    expect(service.spec.selector).toEqual(labels);
    expect(service.spec.ports).toEqual([{ name: 'http', port: PORT, targetPort: 'http' }]);
    expect(spec.selector.matchLabels).toEqual(labels);
    expect(yamlAt('deploy/kubernetes/disruption-budget.yaml')).toMatchObject({
      spec: { selector: { matchLabels: labels } },
    });
    expect(yamlAt('deploy/kubernetes/network-policy.yaml')).toMatchObject({
      spec: { podSelector: { matchLabels: labels } },
    });
  });

  test('confine every container, and give it the time to end', () => {
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    const pause = /sleep, '(\d+)'/.exec(textAt('deploy/kubernetes/deployment.yaml'))?.[1];
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(END_S + Number(pause));
    for (const { securityContext, volumeMounts } of [...pod.initContainers, container]) {
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      for (const { name } of volumeMounts) expect(pod.volumes.map((volume) => volume.name)).toContain(name);
    }
  });

  test('put the key of the log where the server looks for it', () => {
    const { data } = yamlAt('deploy/kubernetes/settings.yaml') as { data: Record<string, string> };
    const folders = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(folders).toContain(data['ASSAY_LOG_KEY']?.replace(/\/[^/]*$/, ''));
    expect(textAt('deploy/kubernetes/deployment.yaml')).toContain(`/secret/log.key, ${data['ASSAY_LOG_KEY']}]`);
  });
});

describe('the unit', () => {
  const unit = textAt('deploy/assay.service');

  test('starts the program of package.json, and keeps data where it may write', () => {
    expect(unit).toMatch(new RegExp(`^ExecStart=/usr/bin/node /opt/assay/${PROGRAM} serve$`, 'm'));
    const state = /^StateDirectory=(\w+)$/m.exec(unit)?.[1];
    expect(unit).toContain(`ASSAY_DATA=/var/lib/${state}\n`);
  });

  test('gives it the time to end, and does not start again what was set wrongly', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(END_S);
    expect(unit).toContain('\nRestartPreventExitStatus=2\n');
  });
});

function expectRoute(path: string | undefined): void {
  expect(path).toBeDefined();
  expect(ROUTES.some((route) => route.method === 'GET' && route.path.test(path ?? ''))).toBe(true);
}
