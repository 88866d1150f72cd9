import type { JsonObject } from '../encoding/canonical-json.ts';
import { partsOf } from '../definition/metadata/parts.ts';
import type { TreeView } from '../definition/metadata/tree-view.ts';
import type { FileEntry } from '../definition/wire.ts';
import type { DefinitionFact } from '../log/entry.ts';
import { renderContent } from './content-rendering.ts';
import { foundField, isNothing, sum, type Findings } from '../scrub/findings.ts';
import { renderJson } from './json-rendering.ts';
import { changeList, EMPTY_LIST } from './list.ts';
import type { Ref } from './objects.ts';
import type { Rendering } from './rendering.ts';
import { FORMAT, PAGE_FILES } from './shape.ts';
import type { ListedFile } from './sources.ts';
import type { Content, FilePage, ShownFile, VersionDocument, VersionText } from './wire.ts';

/** The document of a version with its files. Nothing that comes later changes it. */
export async function renderVersion(rendering: Rendering, fact: DefinitionFact): Promise<VersionDocument> {
  const { family, version, kind, digest, config: configDigest } = fact;
  const config = await renderJson(rendering, configDigest, { family, version });
  const listed = await rendering.files.list(fact);
  const files = await shownFiles(rendering, fact, listed ?? []);
  const texts = config.state === 'shown' ? textsOf(config.body, files) : {};
  const found = sum(
    ...(config.state === 'shown' && config.scrubbed !== undefined ? [config.scrubbed] : []),
    ...files.map(({ content, scrubbed = {} }): Findings =>
      content?.state === 'scrubbed' ? content.scrubbed : scrubbed,
    ),
  );
  return {
    format: FORMAT,
    family,
    version,
    kind,
    digest,
    config,
    texts,
    ...(listed === undefined ? {} : { files: await pagesOf(rendering, files) }),
    ...(isNothing(found) ? {} : { scrubbed: found }),
  };
}

async function shownFiles(
  rendering: Rendering,
  fact: DefinitionFact,
  listed: readonly ListedFile[],
): Promise<ShownFile[]> {
  const { family, version } = fact;
  const known = new Map<string, Content>();
  const files: ShownFile[] = [];
  for (const entry of listed) {
    const { path, kind, size, oid, digest } = entry;
    const file = { path, kind, size, oid, digest };
    if (kind === 'link') {
      files.push({ ...file, ...shownTarget(rendering, entry) });
      continue;
    }
    const content = known.get(digest) ?? (await renderContent(rendering, digest, { family, version }));
    known.set(digest, content);
    files.push({ ...file, content });
  }
  return files;
}

/** Where a link leads, without secrets: a name in it may be of the machine on which it was made. */
function shownTarget(
  { scrubber }: Rendering,
  { target, scrubbed }: ListedFile,
): Pick<ShownFile, 'target' | 'scrubbed'> {
  if (target === undefined) return {};
  const { text, found } = scrubber.text(target);
  return { target: text, ...foundField(scrubbed ?? found) };
}

async function pagesOf(
  { documents }: Rendering,
  files: readonly ShownFile[],
): Promise<NonNullable<VersionDocument['files']>> {
  const pages = new Map<number, Ref>();
  for (let at = 0; at < files.length; at += PAGE_FILES) {
    pages.set(at / PAGE_FILES, await documents.write({ files: files.slice(at, at + PAGE_FILES) } satisfies FilePage));
  }
  return { count: files.length, pages: await changeList(documents, EMPTY_LIST, pages) };
}

/** The texts that people read first: where they are, or themselves where the metadata holds them. */
function textsOf(config: JsonObject, files: readonly ShownFile[]): VersionDocument['texts'] {
  const parts = partsOf(config, viewOf(files));
  const texts: Record<string, VersionText> = {};
  for (const name of ['prompt', 'description', 'changelog'] as const) {
    const part = parts[name];
    if (part === undefined) continue;
    if ('text' in part) texts[name] = part;
    else {
      const content = files.find(({ path }) => path === part.path)?.content;
      if (content !== undefined) texts[name] = { path: part.path, content };
    }
  }
  return texts;
}

function viewOf(files: readonly ShownFile[]): TreeView {
  const kinds = new Map<string, FileEntry['kind'] | 'folder'>();
  for (const { path, kind } of files) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
      kinds.set(path.slice(0, slash), 'folder');
    kinds.set(path, kind);
  }
  return { kindOf: (path) => kinds.get(path) };
}
