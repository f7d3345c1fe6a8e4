import { DOCUMENT, ROUTES } from './routes';

type Json = Record<string, unknown>;
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly Record<string, string[]>[];
  readonly tags: readonly string[];
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Json }[];
  readonly requestBody?: { readonly content: Json };
  readonly responses: Readonly<Record<string, Json>>;
}

const paths = DOCUMENT['paths'] as Record<string, Record<string, Operation>>;
const components = DOCUMENT['components'] as Record<string, Record<string, Json>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every object of a document with the way to it. */
function* walk(value: unknown, way = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [way, value as Json];
  for (const [key, inner] of Object.entries(value)) yield* walk(inner, `${way}/${key}`);
}

function resolve(ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((at, part) => (at as Json | undefined)?.[part], DOCUMENT);
}
const deref = (value: Json): Json =>
  typeof value['$ref'] === 'string' ? (resolve(value['$ref']) as Json) : value;

/** Every JSON Schema in the document, wherever it stands. */
const schemas = [...walk(DOCUMENT)].flatMap(([way, value]) =>
  value['schema'] ? [[way, value['schema']] as const] : [],
);
const subschemas = schemas.flatMap(([way, schema]) =>
  [...walk(schema, way)].filter(([at]) => !/\/(properties|default|enum|const|examples)$/.test(at)),
);

test('it is OpenAPI 3.1 and can be written as JSON', () => {
  expect(DOCUMENT).toMatchObject({
    openapi: expect.stringMatching(/^3\.1\.\d+$/) as unknown,
    info: { title: expect.any(String) as unknown, version: expect.any(String) as unknown },
    servers: [{ url: '/' }],
  });
  expect(JSON.parse(JSON.stringify(DOCUMENT))).toEqual(DOCUMENT);
});

test('every route is in it once, and nothing else', () => {
  const told = operations.map(({ path, method }) => `${method} ${path}`);
  const routes = ROUTES.map(({ method, path }) => `${method} /api/v1${path.replace(/:(\w+)/g, '{$1}')}`);
  expect(told.sort()).toEqual(routes.sort());
});

test('every reference leads somewhere, and every component is referred to', () => {
  const refs = [...walk(DOCUMENT)].flatMap(([, value]) =>
    typeof value['$ref'] === 'string' ? [value['$ref']] : [],
  );
  expect(refs.filter((ref) => resolve(ref) === undefined)).toEqual([]);
  const named = Object.entries(components).flatMap(([kind, all]) =>
    kind === 'securitySchemes' ? [] : Object.keys(all).map((name) => `#/components/${kind}/${name}`),
  );
  expect(named.filter((name) => !refs.includes(name))).toEqual([]);
});

test('operations have names of their own that make good names of methods', () => {
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[a-z]+(?:[A-Z][a-z]+)+$/.test(name))).toEqual([]);
});

test('operations have a summary and tags that are declared', () => {
  const tags = (DOCUMENT['tags'] as { name: string }[]).map(({ name }) => name);
  expect(new Set(tags).size).toBe(tags.length);
  for (const { operation } of operations) {
    expect(operation.summary).not.toBe('');
    expect(operation.tags.filter((tag) => !tags.includes(tag))).toEqual([]);
  }
});

test('every way of signing in that is asked for is explained', () => {
  const security = DOCUMENT['security'] as Record<string, string[]>[];
  expect(security.length).toBeGreaterThan(0);
  const asked = [...security, ...operations.flatMap(({ operation }) => operation.security ?? [])];
  expect([...new Set(asked.flatMap((way) => Object.keys(way)))].sort()).toEqual(
    Object.keys(components['securitySchemes'] ?? {}).sort(),
  );
});

test('what is in braces in a path is a required parameter, and no parameter is told twice', () => {
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const told = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(told.map(({ name }) => name)).toEqual(inPath);
    expect(told.every(({ required }) => required)).toBe(true);
    const places = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
    expect(new Set(places).size).toBe(places.length);
  }
});

/** What they are about may be missing, though their paths name nothing. */
const NAMED_BY_QUERY = new Set(['/api/v1/postbacks', '/api/v1/ledger/verification']);

test('every operation tells its success and every problem it may answer with', () => {
  for (const { path, method, operation } of operations) {
    const statuses = Object.keys(operation.responses);
    const at = `${method} ${path}`;
    expect([at, statuses.filter((status) => status < '300').length]).toEqual([at, 1]);
    expect([at, statuses]).toEqual([at, expect.arrayContaining(['400', '401', '403', '429', '500', '503'])]);
    const isNamed = path.includes('{') || NAMED_BY_QUERY.has(path);
    expect([at, statuses.includes('404')]).toEqual([at, isNamed]);
    expect([at, statuses.includes('412')]).toEqual([
      at,
      operation.parameters.some(({ name }) => name === 'If-Match'),
    ]);
    expect([at, statuses.includes('413')]).toEqual([at, operation.requestBody !== undefined]);
    for (const [status, response] of Object.entries(operation.responses)) {
      const { description, content, headers } = deref(response) as {
        description: string;
        content?: Json;
        headers?: Json;
      };
      expect(description).not.toBe('');
      if (status >= '400') expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
      if (status === '429' || status === '503') expect(Object.keys(headers ?? {})).toContain('Retry-After');
      if (status === '204') expect(content).toBeUndefined();
    }
  }
});

test('schemas are JSON Schema 2020-12, as far as they go', () => {
  const types = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'];
  for (const [way, schema] of subschemas) {
    const {
      type,
      required,
      properties,
      pattern,
      enum: values,
    } = schema as {
      type?: unknown;
      required?: string[];
      properties?: Json;
      pattern?: unknown;
      enum?: unknown[];
    };
    if (type !== undefined && typeof type !== 'object')
      expect([way, types.includes(String(type))]).toEqual([way, true]);
    for (const field of Array.isArray(required) ? required : []) {
      expect([way, field in (properties ?? {})]).toEqual([way, true]);
    }
    if (Array.isArray(values)) expect(new Set(values).size).toBe(values.length);
    if (typeof pattern === 'string') {
      // Validators differ in whether they compile patterns for Unicode.
      const unicode = new RegExp(pattern, 'u');
      const plain = new RegExp(pattern);
      for (const text of [
        '',
        'abc',
        'ü',
        '\u0000',
        '\u{1f600}',
        '\ud800',
        'a\nb',
        '+12125550123',
        'sip:a@b',
      ]) {
        expect([way, text, unicode.test(text)]).toEqual([way, text, plain.test(text)]);
      }
    }
    expect(schema).not.toHaveProperty('$schema');
    expect(schema).not.toHaveProperty('nullable');
  }
});

test('bodies take no unknown fields, and changes have no defaults', () => {
  for (const { method, operation } of operations) {
    const content = operation.requestBody?.content['application/json'] as { schema: Json } | undefined;
    if (!content) continue;
    const choices = (content.schema['oneOf'] ?? content.schema['anyOf'] ?? [content.schema]) as Json[];
    for (const choice of choices) expect(choice['additionalProperties']).toBe(false);
    if (method !== 'patch') continue;
    expect(content.schema['required']).toBeUndefined();
    expect([...walk(content.schema)].filter(([, value]) => 'default' in value)).toEqual([]);
  }
});
