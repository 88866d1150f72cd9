import { saidOf } from '../../lib/encoding/schema-check.ts';
import type { Document } from './document.ts';
import type { Operation, ShownBody, ShownParameter, ShownSchema } from './operation.ts';
import { STYLE } from './page-style.ts';

export { STYLE };

type Entry = readonly [path: string, method: string, operation: Operation];

/** The document as a page that needs no script. */
export function pageOf({ info, paths, tags, components }: Document): string {
  const entries = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]): Entry => [path, method, operation]),
  );
  const groups = tags.map(({ name, description }) => {
    const of = entries.filter(([, , operation]) => operation.tags[0] === name);
    return { name, description, of };
  });
  const schemas = Object.entries(components.schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Assay ${escaped(info.version)}: the API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Assay <small>API of version ${escaped(info.version)}</small></h1>
<p>${escaped(info.description)}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
</header>
<nav aria-label="All of it">
${groups.map(({ name, of }) => `<h2><a href="#${name}">${name}</a></h2><ul>${of.map(link).join('')}</ul>`).join('\n')}
<h2><a href="#schemas">schemas</a></h2><ul>${schemas.map(([name]) => `<li>${schemaLink(name)}</li>`).join('')}</ul>
</nav>
<main>
${groups.map(({ name, description, of }) => `<section id="${name}"><h2>${name}: ${escaped(description)}</h2>${of.map(article).join('\n')}</section>`).join('\n')}
<section id="schemas"><h2>Schemas</h2>${schemas.map(schemaArticle).join('\n')}</section>
</main>
</body>
</html>
`;
}

function link([path, method, { operationId }]: Entry): string {
  return `<li><a href="#op-${operationId}">${verb(method)} ${pathHtml(path.replace('/api/v1', ''))}</a></li>`;
}

function article([path, method, operation]: Entry): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  return `<article id="op-${operationId}">
<h3><a href="#op-${operationId}">${verb(method)} ${pathHtml(path)}</a></h3>
<p>${escaped(summary)}.${description === undefined ? '' : ` ${escaped(description)}`}</p>
${parameters.length === 0 ? '' : table('Parameters', parameters.map(parameterRow))}
${requestBody === undefined ? '' : table('Body', [row(mediaTypes(requestBody), told(requestBody))])}
${table(`Answers; refusals are a ${schemaLink('Problem')}`, Object.entries(responses).map(answerRow))}
</article>`;
}

function parameterRow({ name, in: place, required, description, schema }: ShownParameter): string {
  const isTold = schema.description === description || saidOf(schema) === 'text';
  const type = isTold ? '' : ` <span class="type">${typeOf(schema)}</span>`;
  return row(
    `<code>${escaped(name)}</code>${required === true ? '' : ' <em>optional</em>'}`,
    `${escaped(description)}${type}`,
    place,
  );
}

function answerRow([status, answer]: readonly [string, ShownBody]): string {
  const isRefusal = answer.content?.['application/problem+json'] !== undefined;
  const codes = answer.description.split(', ').map((code) => `<code>${escaped(code)}</code>`);
  const says = isRefusal ? codes.join(', ') : told(answer);
  return row(`<span class="status s${status.charAt(0)}">${status}</span>`, says);
}

function told({ description, content = {} }: ShownBody): string {
  const types = Object.entries(content).map(([type, { schema }]) => {
    if (schema === undefined) return `<code>${escaped(type)}</code>`;
    return typeOf(schema.contentSchema ?? schema);
  });
  return `${escaped(description)}${types.length === 0 ? '' : `: ${types.join(', ')}`}`;
}

function mediaTypes({ content = {} }: ShownBody): string {
  return Object.keys(content)
    .map((type) => `<code>${escaped(type)}</code>`)
    .join(', ');
}

function schemaArticle([name, schema]: readonly [string, ShownSchema]): string {
  return `<article id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3>
${schema.description === undefined ? '' : `<p>${escaped(schema.description)}</p>`}
${shape(schema)}</article>`;
}

/** The fields of an object, and those of each kind of it. */
function shape(schema: ShownSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(shape).join('<p>or</p>');
  const { properties, required = [] } = schema;
  if (properties === undefined) return `<p>${typeOf(schema)}</p>`;
  const rows = Object.entries(properties).map(([name, field]: readonly [string, ShownSchema]) => {
    const isNeeded = required.includes(name);
    const inner = field.properties === undefined ? '' : shape(field);
    return row(`<code>${escaped(name)}</code>${isNeeded ? '' : ' <em>optional</em>'}`, `${typeOf(field)}${inner}`);
  });
  return table('', rows);
}

function typeOf(schema: ShownSchema): string {
  const { $ref, type, items, additionalProperties, anyOf, pattern, description } = schema;
  if ($ref !== undefined) return schemaLink($ref.slice($ref.lastIndexOf('/') + 1));
  if (schema.enum !== undefined)
    return schema.enum.map((one) => `<code>${escaped(JSON.stringify(one))}</code>`).join(' | ');
  if (description !== undefined) return escaped(description);
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array' && items !== undefined) return `list of ${typeOf(items)}`;
  if (type === 'object' && typeof additionalProperties === 'object') return `by name: ${typeOf(additionalProperties)}`;
  return `${escaped(saidOf(schema))}${pattern === undefined ? '' : ` like <code>${escaped(pattern)}</code>`}`;
}

function table(caption: string, rows: readonly string[]): string {
  return `<div class="table"><table>${caption === '' ? '' : `<caption>${caption}</caption>`}<tbody>${rows.join('')}</tbody></table></div>`;
}

function row(name: string, says: string, place?: string): string {
  return `<tr><th scope="row">${name}${place === undefined ? '' : ` <small>${place}</small>`}</th><td>${says}</td></tr>`;
}

function schemaLink(name: string): string {
  return `<a href="#schema-${name}">${escaped(name)}</a>`;
}

function verb(method: string): string {
  return `<span class="verb ${method}">${method.toUpperCase()}</span>`;
}

/** A path may be broken behind its slashes. */
function pathHtml(path: string): string {
  return `<code>${escaped(path).replaceAll('/', '/<wbr>')}</code>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => ENTITIES[one] ?? one);
}
