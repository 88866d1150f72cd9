import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PublicationStatus } from '../../lib/publication/wire.ts';
import { hexOf } from '../../lib/encoding/digest.ts';
import { DirectoryObjects } from '../../lib/snapshot/directory-objects.ts';
import { parsePointer } from '../../lib/snapshot/layout.ts';
import { PAGE_RUNS } from '../../lib/snapshot/shape.ts';
import { Snapshot } from '../../lib/snapshot/snapshot.ts';
import { listItem } from '../../lib/snapshot/list.ts';
import { assay } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { startChromium } from '../support/chromium.ts';
import { send } from '../support/http.ts';
import { describeWith } from '../support/programs.ts';
import { FORMAT_1, RECORDS, runFile } from '../support/record-fixtures.ts';
import { useServer } from '../support/server.ts';
import { StaticServer } from '../support/static-server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const GALLERY = fileURLToPath(new URL('../../docs/gallery', import.meta.url));
const WHOLE = 'carom-2025-06-01-a';
/** With those of the fixtures, two full pages of runs and two more. */
const PLAIN_RUNS = 2 * PAGE_RUNS + 2 - FORMAT_1.length;
const HOSTILE_TEXT = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

describeWith(['chromium'], 'the gallery', () => {
  const server = useServer();
  const folder = useTemporaryFolder();
  const bucket = (): string => join(server.data, 'public');
  const empty = (): string => join(folder.path, 'empty');
  const web = new StaticServer(() => ({ '/': bucket(), '/empty/': empty(), '/gallery/': GALLERY }));
  const elsewhere = new StaticServer(() => ({ '/': bucket() }));
  let browser: Browser;
  let context: BrowserContext | undefined;
  let troubles: string[] = [];

  async function run(...args: string[]): Promise<string> {
    const env = { ASSAY_URL: server.url, ASSAY_ACTOR: 'ada', HOME: folder.path };
    const { code, stdout, stderr } = await assay(args, env, { cwd: folder.path });
    if (code !== 0) throw new Error(`assay ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  async function submitPlain(id: string, text = 'Plain.'): Promise<void> {
    const record = JSON.parse(runFile('least', 'record.json').toString()) as object;
    const review = JSON.parse(runFile('least', 'review.json').toString()) as object;
    const body = Buffer.from(JSON.stringify({ record: { ...record, id }, review: { ...review, text } }));
    const headers = { 'content-type': 'application/json' };
    expect((await send('POST', `${server.url}/api/v1/runs`, { headers, body })).status).toBe(201);
  }

  async function published(): Promise<void> {
    await run('publication', 'now');
    for (;;) {
      const { live, waiting } = JSON.parse(await run('publication', '--json')) as PublicationStatus;
      if (live !== undefined && waiting === 0) return;
      await sleep(100);
    }
  }

  async function snapshot(): Promise<Snapshot> {
    const { snapshot: id } = parsePointer(readFileSync(join(bucket(), 'current'), 'utf8'));
    return Snapshot.open(new DirectoryObjects(bucket()), id);
  }

  /** Another byte in an object, as a bucket that lies would have it; it stays JSON of the same size. */
  function tamper(digest: `sha256:${string}`): void {
    const bytes = readFileSync(join(bucket(), 'o', hexOf(digest)));
    const at = bytes.findIndex((byte) => byte >= 0x61 && byte < 0x7a);
    bytes[at]! += 1;
    web.instead.set(`/o/${hexOf(digest)}`, bytes);
  }

  /** A page in a browser of its own, whose every complaint and request is noted. */
  async function open(path = '/gallery/', options: BrowserContextOptions = {}): Promise<Page> {
    context = await browser.newContext(options);
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${web.url}/`) && !/^(?:blob|data):/.test(url)) troubles.push(`asks for ${url}`);
    });
    await page.goto(web.url + path);
    await page.locator('[aria-busy="false"]').waitFor({ state: 'attached' });
    return page;
  }

  beforeAll(async () => {
    const { path } = await makeAuthorRepository(folder.path);
    const { code, stderr } = await assay(['publish', '--all'], { ASSAY_URL: server.url, HOME: path }, { cwd: path });
    if (code !== 0) throw new Error(stderr);
    await published();
    cpSync(bucket(), empty(), { recursive: true });
    for (let at = 0; at < PLAIN_RUNS; at += 1) await submitPlain(`plain-${at}`, HOSTILE_TEXT);
    for (const name of FORMAT_1) await run('submit', join(RECORDS, 'format-1', name));
    await run('review', WHOLE, '--ratings', 'play=70,looks=20', '--text', 'Not bad.');
    await run('review', WHOLE, '--ratings', 'looks=25', '--note', 'Looked again.');
    const right = join(folder.path, 'right.json');
    const record = JSON.parse(runFile('whole', 'record.json').toString()) as object;
    const links = JSON.parse(runFile('whole', 'links.json').toString()) as object;
    writeFileSync(right, JSON.stringify({ ...record, links, status: 'hung' }));
    await run('amend', WHOLE, '--file', right, '--reason', 'It had hung.');
    await run('retract', 'plain-3', '--reason', 'Another model was at work.');
    await published();
    await Promise.all([web.start(), elsewhere.start()]);
    browser = await startChromium();
  }, 120_000);

  afterEach(async () => {
    await context?.close();
    context = undefined;
    web.instead.clear();
    const seen = troubles;
    troubles = [];
    if (seen.length > 0) throw new Error(`the browser complains: ${seen.join('\n')}`);
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([web.close(), elsewhere.close()]);
  });

  test('shows runs newest first, with what a reader looks for and their image', async () => {
    const page = await open();
    const shown = await titles(page);
    expect(shown).toHaveLength(2 + PAGE_RUNS);
    expect(shown.slice(0, FORMAT_1.length)).toEqual(FORMAT_1.map(idOf).toReversed().map(hrefOf));
    expect(shown[FORMAT_1.length]).toBe(hrefOf(`plain-${PLAIN_RUNS - 1}`));
    const card = page.locator('.card', { has: page.locator(`a[href="${hrefOf(WHOLE)}"]`) });
    const image = card.locator('img');
    await image.waitFor();
    for (const text of ['test-cases/carom v1.0.0', 'hung', 'claude-opus-4', 'claude-code 2.1.0', 'three-cushion'])
      expect(await card.textContent()).toContain(text);
    expect(await card.textContent()).toContain('2025-06-01 12:00 UTC');
    expect(await card.getByLabel('Ratings by ada', { exact: true }).textContent()).toContain('looks 25');
    expect(await image.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(0);
    expect(await page.locator('#checked').textContent()).toMatch(/^\d+ objects checked against their SHA-256\.$/);
  });

  test('shows older runs page by page until there are none, by keyboard as well', async () => {
    const page = await open();
    const button = page.getByRole('button', { name: 'Older' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByText(`${2 * PAGE_RUNS + 2} of ${2 * PAGE_RUNS + 2} runs`).waitFor();
    const shown = await titles(page);
    expect(new Set(shown).size).toBe(2 * PAGE_RUNS + 2);
    expect(shown.at(-1)).toBe(hrefOf('plain-0'));
    expect(await button.isVisible()).toBe(false);
    expect(await page.locator(':focus').getAttribute('href')).toBe(shown[PAGE_RUNS + 2]);
  });

  test('shows a run with its reviews, their history, its amendment, definition, record and media', async () => {
    const page = await open();
    await page.locator(`a[href="${hrefOf(WHOLE)}"]`).click();
    const run = page.locator('#run');
    await run.getByRole('heading', { name: 'Reviews' }).waitFor();
    const text = async (): Promise<string> => (await run.textContent()) ?? '';
    const family = await (await snapshot()).family('test-cases/carom');
    const version = family!.versions.find((one) => one.version === 'v1.0.0')!;
    for (const part of [
      'It had hung.',
      'Looked again.',
      '27 min 41 s',
      'USD 4.8125',
      version.digest,
      'größtenteils 球台',
    ])
      expect(await text()).toContain(part);
    expect(await text()).toMatch(/Log index\d+/);
    expect((await text()).match(/Checked against sha256:/g)).toHaveLength(4);
    expect(await text()).not.toContain('Not of the digest');
    await run.getByText('Earlier (1)').click();
    expect(await run.getByText('play 70').last().isVisible()).toBe(true);
    await run.getByText('Prompt, description, files').click();
    await run.locator('summary', { hasText: /^Prompt$/ }).click();
    const prompt = readFileSync(
      new URL('../../fixtures/definitions/test-cases/carom/v1.0.0/prompt.md', import.meta.url),
    );
    await expect.poll(text).toContain(prompt.toString());
    await run.getByText(/^Files \(\d+\)$/).click();
    await run.getByText('references/größe.png').waitFor();
    await run.getByText('media/session.log').click();
    await expect.poll(text).toContain(runFile('whole', 'media/session.log').toString());
    await run.getByText('Record as JSON').click();
    await run.getByText('"shelf no.": 12').waitFor();
    expect(await run.locator('figure img').count()).toBe(1);
    await page.goBack();
    expect(await page.locator('.card').first().isVisible()).toBe(true);
  });

  test('finds a run by its address, and says so where there is none', async () => {
    const page = await open(`/gallery/${hrefOf('plain-1')}`);
    await page.locator('#run h2').waitFor();
    await expect.poll(() => page.title()).toContain('plain-1');
    await page.goto(`${web.url}/gallery/${hrefOf('never')}`);
    await page.getByText('No run of this id was published.').waitFor();
  });

  test('shows text as text, whatever it looks like', async () => {
    const page = await open(`/gallery/${hrefOf('plain-5')}`);
    await page.getByText(HOSTILE_TEXT).waitFor();
    expect(await page.title()).toContain('plain-5');
  });

  test('says of a retracted run that it is, why, and nothing else', async () => {
    const page = await open(`/gallery/${hrefOf('plain-3')}`);
    const run = page.locator('#run');
    await run.getByRole('heading', { name: 'Retracted run' }).waitFor();
    expect(await run.textContent()).toContain('Another model was at work.');
    expect(await run.locator('h3, img, details').count()).toBe(0);
    await run.getByRole('link', { name: 'All runs' }).click();
    await page.getByRole('button', { name: 'Older' }).click();
    const card = page.locator('.card', { has: page.locator(`a[href="${hrefOf('plain-3')}"]`) });
    expect(await card.textContent()).toMatch(/^retractedplain-3Another model was at work\.Retracted \d{4}-.* UTC$/);
  });

  test('refuses objects that are not of their digest: an image, a run, a page, the root', async () => {
    const shown = await snapshot();
    const whole = (await shown.run(WHOLE))!;
    const { content } = whole.media![0]!;
    if (!('object' in content)) throw new Error('the image is not shown');
    tamper(content.object.digest);
    tamper((await shown.summary(`plain-${PLAIN_RUNS - 1}`))!.document.digest);
    const page = await open();
    const card = page.locator('.card', { has: page.locator(`a[href="${hrefOf(WHOLE)}"]`) });
    await card.getByText('Damaged, and not shown').waitFor();
    expect(await card.locator('img').count()).toBe(0);
    await page.locator(`a[href="${hrefOf(`plain-${PLAIN_RUNS - 1}`)}"]`).click();
    await page.locator('#run').getByText('Damaged, and not shown').waitFor();
    expect(await page.locator('#run').textContent()).not.toContain('Ratings');
    expect(await page.locator('#checked').textContent()).toMatch(/refused: not of their digest/);
    const newest = await listItem(shown.node, shown.root.paths.pages, 2);
    tamper(newest!.digest);
    await page.goto(`${web.url}/gallery/`);
    await page.reload();
    await page.getByText(`${PAGE_RUNS} of ${2 * PAGE_RUNS + 2} runs`).waitFor();
    expect(await page.locator('#list > .cards > .wide').textContent()).toContain(newest!.digest);
    tamper(shown.ref.digest);
    await page.reload();
    await page.locator('#list').getByText('Damaged, and not shown').waitFor();
    expect(await page.locator('.card').count()).toBe(0);
  });

  test('moves with the pointer when it is loaded again', async () => {
    const page = await open();
    const before = await page.locator('#snapshot').textContent();
    const directory = join(folder.path, 'later');
    cpSync(join(RECORDS, 'format-1', 'least'), directory, { recursive: true });
    const record = JSON.parse(runFile('least', 'record.json').toString()) as object;
    writeFileSync(join(directory, 'record.json'), JSON.stringify({ ...record, id: 'later' }));
    await run('submit', directory);
    await published();
    await page.reload();
    await page.locator(`a[href="${hrefOf('later')}"]`).waitFor();
    expect((await titles(page))[0]).toBe(hrefOf('later'));
    const after = await page.locator('#snapshot').textContent();
    expect(after).not.toBe(before);
    expect(after).toBe((await snapshot()).ref.digest);
  });

  test('fits a phone, and follows dark', async () => {
    const page = await open('/gallery/', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    expect(await page.evaluate(isTooWide)).toBe(false);
    await page.locator(`a[href="${hrefOf(WHOLE)}"]`).click();
    await page.locator('#run h3').first().waitFor();
    expect(await page.evaluate(isTooWide)).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(21, 23, 27)');
  });

  test('says where nothing is published, where nothing answers, and tries again', async () => {
    web.instead.set('/current', null);
    const page = await open();
    await page.getByText('Not reachable').waitFor();
    const [failed] = troubles.splice(0);
    expect(failed).toContain('503');
    web.instead.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.card').first().waitFor();
    await page.goto(`${web.url}/gallery/?bucket=/empty/`);
    await page.getByText('No runs have been published yet.').waitFor();
    await page.goto(`${web.url}/gallery/?bucket=/nothing/`);
    await page.getByText('Nothing has been published here yet.').waitFor();
    expect(troubles.splice(0).join()).toContain('404');
  });

  test('asks no other host than its policy names, whatever the address says', async () => {
    const page = await open(`/gallery/?bucket=${elsewhere.url}/`);
    await page.getByText('Not reachable').waitFor();
    expect(elsewhere.asked).toEqual([]);
    expect(troubles.splice(0).join('\n')).toContain('Content Security Policy');
  });
});

function idOf(fixture: string): string {
  return (JSON.parse(runFile(fixture, 'record.json').toString()) as { id: string }).id;
}

function hrefOf(id: string): string {
  return `#/runs/${encodeURIComponent(id)}`;
}

function titles(page: Page): Promise<string[]> {
  return page.locator('.card h2 a').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
}
