/**
 * What a schema in a policy may say. The validator passes over keywords that it does not know, and
 * a misspelt one would let everything through: here it is refused.
 *
 * Also refused are what does not run in linear time (`pattern`, most formats) and references to
 * elsewhere.
 */
import { quoted } from '../../kernel/index.ts';

type Holds = 'value' | 'schema' | 'schemas' | 'schemas-by-name';

const keywordsByHolds: Readonly<Record<Holds, string>> = {
  value:
    '$schema $comment title description default examples deprecated type enum const format $ref ' +
    'required dependentRequired minimum maximum exclusiveMinimum exclusiveMaximum multipleOf ' +
    'minLength maxLength minItems maxItems uniqueItems minContains maxContains minProperties ' +
    'maxProperties',
  schema:
    'items contains additionalProperties propertyNames not if then else unevaluatedItems ' +
    'unevaluatedProperties',
  schemas: 'allOf anyOf oneOf prefixItems',
  'schemas-by-name': 'properties $defs dependentSchemas',
};

const keywords: ReadonlyMap<string, Holds> = new Map(
  Object.entries(keywordsByHolds).flatMap(([holds, names]) =>
    names.split(' ').map((name) => [name, holds as Holds] as const),
  ),
);

const draft = 'https://json-schema.org/draft/2020-12/schema';
const formats = new Set<unknown>(['date', 'time', 'date-time', 'ipv4', 'uuid']);
const kinds = new Set<unknown>([
  'null',
  'boolean',
  'object',
  'array',
  'number',
  'string',
  'integer',
]);

/** What is wrong with a schema, or undefined. */
export function schemaProblem(schema: unknown): string | undefined {
  const waiting: { readonly at: string; readonly schema: unknown }[] = [{ at: '#', schema }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { at, schema: one } = next;
    if (typeof one === 'boolean') continue;
    if (!isObject(one)) return `${at} is neither an object nor true or false`;
    for (const [name, value] of Object.entries(one)) {
      const place = `${at}/${name}`;
      const holds = keywords.get(name);
      const wrong =
        holds === undefined
          ? unknownKeyword(name)
          : (idle(name, one) ?? wrongValue(name, value, schema));
      if (wrong !== undefined) return `${at} ${wrong}`;
      if (holds === 'schema') waiting.push({ at: place, schema: value });
      else if (holds === 'schemas' || holds === 'schemas-by-name') {
        const fits = holds === 'schemas' ? Array.isArray(value) : isObject(value);
        if (!fits) return `${place} does not hold schemas`;
        for (const [key, inner] of Object.entries(value as object)) {
          waiting.push({ at: `${place}/${key}`, schema: inner });
        }
      }
    }
  }
  return undefined;
}

function unknownKeyword(name: string): string {
  if (name === 'pattern' || name === 'patternProperties') {
    return `has \`${name}\`, whose matching can explode; use the evaluator \`regex\``;
  }
  return `has the keyword ${quoted(name)}, which is not known`;
}

/** Keywords that say nothing without another one. */
const companions: ReadonlyMap<string, string> = new Map([
  ['then', 'if'],
  ['else', 'if'],
  ['minContains', 'contains'],
  ['maxContains', 'contains'],
]);

function idle(name: string, schema: object): string | undefined {
  const other = companions.get(name);
  if (other === undefined || Object.hasOwn(schema, other)) return undefined;
  return `has \`${name}\` without \`${other}\`, which has no effect`;
}

function wrongValue(name: string, value: unknown, root: unknown): string | undefined {
  if (name === 'format' && !formats.has(value)) {
    return `has a format that is not one of ${[...formats].join(', ')}`;
  }
  if (name === 'type') {
    const named: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (named.length > 0 && named.every((each) => kinds.has(each))) return undefined;
    return 'has a `type` that does not exist';
  }
  if (name === '$schema' && value !== draft) return `is not of draft \`${draft}\``;
  if (name === 'enum' && !Array.isArray(value)) return 'has an `enum` that is no list';
  if (name === 'required' && !isNames(value)) {
    return 'has a `required` that is no list of names';
  }
  if (name === 'dependentRequired' && !(isObject(value) && Object.values(value).every(isNames))) {
    return 'has a `dependentRequired` that does not hold lists of names';
  }
  if (name === 'uniqueItems' && typeof value !== 'boolean') {
    return 'has a `uniqueItems` that is neither true nor false';
  }
  if (/^(?:min|max|exclusive|multiple)/.test(name) && typeof value !== 'number') {
    return `has a \`${name}\` that is no number`;
  }
  if (name === '$ref' && !leadsToSchema(value, root)) {
    return 'has a `$ref` that is not `#`, or `#/$defs/` and a name in the `$defs` of the whole schema';
  }
  return undefined;
}

/** Only what the check has looked at: the root's own definitions, and the root. */
function leadsToSchema(reference: unknown, root: unknown): boolean {
  if (reference === '#') return true;
  const name = /^#\/\$defs\/([A-Za-z0-9_.-]+)$/.exec(String(reference))?.[1];
  const definitions = isObject(root) ? root['$defs'] : undefined;
  return name !== undefined && isObject(definitions) && Object.hasOwn(definitions, name);
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
