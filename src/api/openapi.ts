import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Principal } from '../domain';
import { refusalOf, ROLES } from '../domain';
import { MERGE_PATCH_TYPE } from './merge-patch';
import { problemSchema } from './problem';
import type { Deprecation, Route } from './route';
import { JSON_TYPE, SIGNED_IN } from './route';

const VERSION = '0.1.0';

/** Problems by status: the component that describes each. */
const PROBLEMS = {
  400: ['BadRequest', 'The path, the query, a header or the body is not acceptable; `errors` says where'],
  401: ['Unauthorized', 'There is no API key or session, or it is not known, expired or revoked'],
  403: ['Forbidden', 'The API key lacks the scope'],
  404: ['NotFound', 'There is no such thing'],
  409: ['Conflict', 'There is such a thing already'],
  412: ['PreconditionFailed', 'If-Match names another version than there is'],
  413: ['ContentTooLarge', 'The body is larger than the operation takes: JSON of 1 MiB'],
  415: [
    'UnsupportedMediaType',
    'The body is not what the operation takes: JSON, where nothing else is said, in UTF-8',
  ],
  422: [
    'Unprocessable',
    'The fields contradict each other or refer to nothing, or the Idempotency-Key is used',
  ],
  429: ['TooManyRequests', 'The API key has made too many requests; `Retry-After` says when to go on'],
  500: ['InternalError', 'A bug of ours'],
  501: ['NotImplemented', 'The exchange is not made for this, or its media engine is not'],
  503: ['Unavailable', 'Something is away or too busy just now; `Retry-After` says when to try again'],
  504: ['GatewayTimeout', 'Another node that was asked did not answer in time'],
} as const;
type ProblemStatus = keyof typeof PROBLEMS;

/**
 * The document as JSON, written one operation at a time: it takes as long as some calls can be kept
 * waiting for, so others are heard in between.
 */
export async function openApiText(routes: readonly Route[]): Promise<string> {
  for (const route of routes) {
    operation(route);
    await setImmediate();
  }
  // Its parts are known by now.
  return JSON.stringify(openApiDocument(routes));
}

/** The OpenAPI 3.1 document, from the schemas that validate. */
export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path.replace(/:([a-zA-Z]+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Dependable Call Exchange',
      version: VERSION,
      description:
        'Amounts of money are integers of micro-units (1 USD = 1,000,000); instants are UTC epoch milliseconds.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { bearer: [] }, { session: [] }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token of `/auth/sign-in` or `/oauth/token`, or an API key',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-dce_access',
          description:
            'Of a browser that signed in with cookies; what changes something sends `X-CSRF-Token`',
        },
        phoneSession: {
          type: 'http',
          scheme: 'bearer',
          description: 'Token of an agent who signed in: `dcep_…`',
        },
      },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      headers: HEADERS,
      responses: problemResponses(),
    },
  };
}

/** What takes a form is an endpoint of OAuth 2, which has errors of its own (RFC 6749 §5.2). */
const FORM_TYPE = 'application/x-www-form-urlencoded';
const TOKEN_REFUSED = {
  description: 'No token: `error` says why, as in RFC 6749 §5.2',
  content: {
    [JSON_TYPE]: {
      schema: {
        type: 'object',
        properties: { error: { type: 'string' }, error_description: { type: 'string' } },
        required: ['error', 'error_description'],
        additionalProperties: false,
      },
    },
    'application/problem+json': { schema: ref('schemas', 'Problem') },
  },
};

const HEADERS = {
  ETag: { description: 'Version of the entity, for If-Match', schema: { type: 'string' } },
  Location: { description: 'Path of what was created', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds to wait', schema: { type: 'integer', minimum: 0 } },
  IdempotencyReplayed: {
    description: 'Present when the answer is that of an earlier request',
    schema: { const: 'true' },
  },
} as const;

function problemResponses(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, [name, description]]) => [
      name,
      {
        description,
        ...(status === '429' || status === '503'
          ? { headers: { 'Retry-After': ref('headers', 'RetryAfter') } }
          : {}),
        content: { 'application/problem+json': { schema: ref('schemas', 'Problem') } },
      },
    ]),
  );
}

function operation(route: Route): Record<string, unknown> {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...accessOf(route),
    ...(route.deprecated ? { deprecated: true } : {}),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.idempotent
        ? [header('Idempotency-Key', 'The same key and request get the same answer for a day')]
        : []),
      ...(route.conditional ? [header('If-Match', 'ETag of the version that is meant')] : []),
    ],
    ...bodyOf(route),
    responses: {
      [String(route.status)]: success(route),
      ...Object.fromEntries(problemsOf(route).map((status) => [status, problemOf(route, status)])),
    },
  };
}

function problemOf({ takes }: Route, status: ProblemStatus): unknown {
  if (takes === FORM_TYPE && (status === 400 || status === 401)) return TOKEN_REFUSED;
  return ref('responses', PROBLEMS[status][0]);
}

/** Whom roles alone are judged of. */
const NOBODY: Principal = { kind: 'key', id: '', accountId: '', role: 'admin', scopes: ['*'] };

/** Who may call it: in words, and for programs the roles. */
function accessOf({ access, scope, tenants }: Route): Record<string, unknown> {
  switch (access) {
    case 'account': {
      if (scope === SIGNED_IN) {
        return { description: 'For a user who is signed in.', security: [{ bearer: [] }, { session: [] }] };
      }
      const roles = ROLES.filter((role) => refusalOf({ ...NOBODY, role }, { scope, tenants }) === undefined);
      const own = tenants.length === 0 ? '' : ' What is another account’s is not found.';
      return {
        description: `For ${roles.map((role) => `${role}s`).join(', ')}. Needs the scope \`${scope}\`.${own}`,
        'x-dce-roles': roles,
      };
    }
    case 'phone':
      return { description: 'For an agent who is signed in.', security: [{ phoneSession: [] }] };
    case 'open':
      return { description: 'Needs no API key.', security: [] };
  }
}

function bodyOf(route: Route): Record<string, unknown> {
  if (route.takes !== JSON_TYPE) {
    return { requestBody: { required: true, content: { [route.takes]: { schema: { type: 'string' } } } } };
  }
  if (!route.body) return {};
  const shape = { schema: jsonSchema(route.body, 'input') };
  const content = {
    [JSON_TYPE]: shape,
    ...(route.method === 'patch' ? { [MERGE_PATCH_TYPE]: shape } : {}),
  };
  return { requestBody: { required: !route.body.safeParse(undefined).success, content } };
}

function success(route: Route): Record<string, unknown> {
  const [reply] = route.reply instanceof z.ZodUnion ? route.reply.options : [route.reply];
  const versioned = reply instanceof z.ZodObject && 'version' in reply.shape;
  const headers = {
    ...(versioned ? { ETag: ref('headers', 'ETag') } : {}),
    ...(route.status === 201 ? { Location: ref('headers', 'Location') } : {}),
    ...(route.deprecated ? deprecationIn(route.deprecated) : {}),
    ...(route.idempotent ? { 'Idempotency-Replayed': ref('headers', 'IdempotencyReplayed') } : {}),
  };
  const content = route.streams
    ? { [route.produces]: { schema: streamed(route) } }
    : { [JSON_TYPE]: { schema: jsonSchema(route.reply, 'output') } };
  return {
    description: route.summary,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(route.status === 204 ? {} : { content }),
  };
}

function streamed({ produces, reply }: Route): unknown {
  if (produces.startsWith('text/event')) return { type: 'string' };
  return produces === JSON_TYPE ? jsonSchema(reply, 'output') : {};
}

/** What the answers of an operation carry that should not be used any more. */
function deprecationIn({ sunset }: Deprecation): Record<string, unknown> {
  const text = (description: string): unknown => ({ description, schema: { type: 'string' } });
  return {
    Deprecation: text('Since when it should not be used any more (RFC 9745)'),
    Link: text('What is in its place: rel="successor-version"'),
    ...(sunset === undefined ? {} : { Sunset: text('Until when it works (RFC 8594)') }),
  };
}

/** Every way an operation can be refused. */
function problemsOf(route: Route): ProblemStatus[] {
  const hasBody = route.body !== undefined || route.takes !== JSON_TYPE;
  const may: Record<ProblemStatus, boolean> = {
    400: true,
    401: true,
    403: true,
    404: route.params !== undefined || route.problems.includes(404),
    409: route.idempotent || route.problems.includes(409),
    412: route.conditional,
    413: hasBody,
    415: route.method === 'post' || route.method === 'put' || route.method === 'patch',
    422: hasBody || route.problems.includes(422),
    429: true,
    500: true,
    501: route.problems.includes(501),
    503: true,
    504: route.problems.includes(504),
  };
  return (Object.keys(PROBLEMS).map(Number) as ProblemStatus[]).filter((status) => may[status]);
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): unknown[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path',
    ...(field.description === undefined ? {} : { description: field.description }),
    schema: jsonSchema(field, 'input'),
  }));
}

function header(name: string, description: string): unknown {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function ref(kind: 'schemas' | 'headers' | 'responses', name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}

/** Of each schema once: many operations share theirs. */
const described = { input: new WeakMap<z.ZodType, unknown>(), output: new WeakMap<z.ZodType, unknown>() };

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const known = described[io].get(schema);
  if (known !== undefined) return known;
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  described[io].set(schema, rest);
  return rest;
}
