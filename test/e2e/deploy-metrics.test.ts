import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ROUTES } from '../../server/routes/router.ts';
import { textAt, yamlAt } from '../support/deployed.ts';
import { send } from '../support/http.ts';
import { useServer } from '../support/server.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const RULES = (yamlAt('deploy/alerts.yml') as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(textAt('deploy/grafana-dashboard.json')) as { panels: Panel[] };
const QUERIES = [
  ...RULES.map(({ alert, expr }) => ({ place: `alert ${alert}`, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ place: `panel ${title}`, expr }))),
];
/** Prometheus itself says whether a server answered. */
const OF_PROMETHEUS = ['up'];
const OF_SCRAPES = ['job', 'instance'];
const WORDS = new Set(['and', 'or', 'unless', 'by', 'on', 'without', 'ignoring', 'bool', 'offset']);

// It collects at once, so that what is counted of collections has its labels.
const server = useServer({ flags: ['--gc-interval', '500ms'] });
const exposed = new Map<string, Set<string>>();

beforeAll(async () => {
  await send('GET', `${server.url}/healthz`);
  const text = await vi.waitFor(scraped, { timeout: 20_000, interval: 100 });
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) exposed.set(name + suffix, new Set(OF_SCRAPES));
  }
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) exposed.get(name)?.add(label);
  }
});

describe('what Prometheus is asked', () => {
  test.each(QUERIES)('$place names only metrics that the server exposes', ({ expr }) => {
    const names = metricsIn(expr);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !exposed.has(name) && !OF_PROMETHEUS.includes(name))).toEqual([]);
  });

  test.each(QUERIES)('$place chooses by labels and routes that there are', ({ expr }) => {
    const routes = new Set(['manifests', 'blobs', ...ROUTES.map(({ name }) => name)]);
    for (const [, name = '', labels = ''] of expr.matchAll(/(\w+)\{([^}]*)\}/g)) {
      if (OF_PROMETHEUS.includes(name)) continue;
      const used = [...labels.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)];
      expect(used.filter(([, label = '']) => exposed.get(name)?.has(label) !== true)).toEqual([]);
      const chosen = used.filter(([, label]) => label === 'route').flatMap(([, , value = '']) => value.split('|'));
      expect(chosen.filter((route) => !routes.has(route))).toEqual([]);
    }
  });

  test('is what docs/operating.md explains, metric by metric and alert by alert', () => {
    const page = textAt('docs/operating.md');
    expect(RULES.filter(({ alert }) => !page.includes(`\`${alert}\``)).map(({ alert }) => alert)).toEqual([]);
    const ours = [...exposed.keys()].filter((name) => name.startsWith('assay_'));
    const bases = new Set(ours.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
    expect([...bases].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the reading of queries', () => {
  test('finds a metric that is none', () => {
    const query = 'sum by (route) (rate(asay_typo_total{job="x"}[5m])) > 0.5 * up and on (job) time() > 3 * 86400';
    expect(metricsIn(query)).toEqual(['asay_typo_total', 'up']);
  });
});

async function scraped(): Promise<string> {
  const text = (await send('GET', `${server.url}/metrics`)).body.toString('utf8');
  if (!text.includes('assay_gc_runs_total{')) throw new Error('nothing was collected yet');
  return text;
}

/** Names in a query that are neither functions nor words nor labels. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|on|without|ignoring) *\([^)]*\)/g, ' ');
  const names = [...bare.matchAll(/(?<![\w.])[a-z_]\w*\b(?! *\()/g)].map(([name]) => name);
  return [...new Set(names.filter((name) => !WORDS.has(name)))];
}
