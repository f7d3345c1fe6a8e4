import { z } from 'zod';
import { problemSchema } from './problem';
import type { Route } from './route';

const VERSION = '0.1.0';

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
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const success: Record<string, unknown> = { description: route.summary };
  if (route.streams) success['content'] = { 'text/event-stream': { schema: { type: 'string' } } };
  else if (route.status !== 204)
    success['content'] = { 'application/json': { schema: jsonSchema(route.reply, 'output') } };
  return {
    operationId: `${route.method}_${route.path.replace(/[^a-zA-Z]+/g, '_').replace(/^_|_$/g, '')}`,
    tags: [route.tag],
    summary: route.summary,
    description: `Needs the scope \`${route.scope}\`.`,
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.idempotent
        ? [header('Idempotency-Key', 'The same key and request get the same answer for a day')]
        : []),
      ...(route.method === 'patch' ? [header('If-Match', 'ETag of the version that is to be changed')] : []),
    ],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }
      : {}),
    responses: { [String(route.status)]: success, default: problem },
  };
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

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  return rest;
}
