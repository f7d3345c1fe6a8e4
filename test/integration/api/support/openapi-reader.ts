import { z } from 'zod';
import type { Answer, TestApi } from './test-api';

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

interface ResponseObject {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  readonly method: string;
  /** With `{id}` where an id belongs. */
  readonly path: string;
  readonly operationId: string;
  readonly description: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: Readonly<Record<string, ResponseObject>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly 'x-dce-roles'?: readonly string[];
}

/**
 * For whom an operation is: whom roles and scopes allow it (`account`), a user who is signed in, for itself (`user`),
 * an agent who is signed in (`agent`), or anybody (`open`).
 */
export type Audience = 'account' | 'user' | 'agent' | 'open';

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

/**
 * The document of an API, as anybody gets it. It is written when it is first asked for: on a busy machine an API that
 * answers within milliseconds needs more of them for that.
 */
export async function readDocument(api: Pick<TestApi, 'ask'>): Promise<OpenApi> {
  for (;;) {
    const { status, body } = await api.ask('GET', '/api/v1/openapi.json', { key: null });
    if (status !== 503) return body as unknown as OpenApi;
  }
}

/** Every operation of a document. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** @throws Error when the document does not say for whom it is */
export function audienceOf(operation: Operation): Audience {
  const ways = operation.security?.flatMap((one) => Object.keys(one)).sort();
  if (ways === undefined && operation['x-dce-roles'] !== undefined) return 'account';
  switch (ways?.join()) {
    case '':
      return 'open';
    case 'phoneSession':
      return 'agent';
    case 'bearer,session':
      return 'user';
    default:
      throw new Error(`${operation.operationId} is for nobody that is known: ${ways?.join()}`);
  }
}

/** What a `$ref` of the document points at; anything else is itself. */
export function resolveRef(document: OpenApi, value: object): object {
  const { $ref } = value as { $ref?: unknown };
  if (typeof $ref !== 'string') return value;
  let found: unknown = document;
  for (const part of $ref.replace(/^#\//, '').split('/')) found = (found as Record<string, unknown>)[part];
  if (typeof found !== 'object' || found === null) throw new Error(`${$ref} points at nothing`);
  return found;
}

/** What the document does not allow an answer to be; undefined when it is as documented. */
export function undocumented(document: OpenApi, operation: Operation, answer: Answer): string | undefined {
  const declared = operation.responses[String(answer.status)];
  if (!declared) return `${operation.operationId}: status ${answer.status} is not documented`;
  const { content } = resolveRef(document, declared) as ResponseObject;
  if (!content) return answer.text === '' ? undefined : `${operation.operationId}: a body is not documented`;
  const shown = answer.headers.get('content-type') ?? 'nothing';
  const [, of] = Object.entries(content).find(([type]) => shown.startsWith(type)) ?? [];
  if (!of) return `${operation.operationId}: ${shown} is not ${Object.keys(content).join(' or ')}`;
  const { schema } = of;
  const parsed = z.fromJSONSchema(resolveRef(document, schema) as JsonSchema).safeParse(answer.body);
  return parsed.success ? undefined : `${operation.operationId}: ${z.prettifyError(parsed.error)}`;
}

/** What of a shown entity a client may send to replace it: fields within it as well. */
export function writtenOf(
  document: OpenApi,
  path: string,
  shown: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const put = document.paths[`/api/v1/${path}/{id}`]?.['put'];
  return known(put?.requestBody?.content['application/json'].schema, shown) as Record<string, unknown>;
}

function known(schema: unknown, value: unknown): unknown {
  const { properties } = (schema ?? {}) as { properties?: Readonly<Record<string, unknown>> };
  if (!properties || typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([field]) => field in properties);
  return Object.fromEntries(fields.map(([field, of]) => [field, known(properties[field], of)]));
}
