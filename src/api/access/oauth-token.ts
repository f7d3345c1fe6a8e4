import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../../domain';
import { MAX_SCOPES } from '../../domain';
import { proveOAuthClient } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import type { Access } from './access';
import { covers } from './scopes';

const FORM_TYPE = 'application/x-www-form-urlencoded';
const MAX_BODY = 8_192;

/** RFC 6749 §5.2. */
class TokenError extends Error {
  constructor(
    readonly code: 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type',
    description: string,
  ) {
    super(description);
  }
}

/** RFC 6749 §5.1. */
const tokenSchema = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().describe('Seconds'),
  scope: z.string(),
});

/** Tokens for programs: the client credentials grant (RFC 6749 §4.4), with answers as that RFC has them. */
export function oauthTokenRoute(access: Access): Route {
  return route({
    method: 'post',
    path: '/oauth/token',
    operationId: 'issueClientToken',
    tag: 'auth',
    summary: 'Get a token for an OAuth 2 client (client_credentials); errors are those of RFC 6749 §5.2',
    scope: '',
    access: 'open',
    audited: 'apart',
    takes: FORM_TYPE,
    reply: tokenSchema,
    streams: true,
    produces: 'application/json',
    handle: async ({ request, response, audit }) => {
      try {
        const form = await readForm(request);
        const client = await provenClient(access, form, request);
        audit.by(client);
        if (form.get('grant_type') !== 'client_credentials') {
          const given = form.has('grant_type');
          throw new TokenError(
            given ? 'unsupported_grant_type' : 'invalid_request',
            'grant_type must be client_credentials',
          );
        }
        const scopes = wantedScopes(client, form.get('scope'));
        const { tokenMs } = access.rules;
        send(response, 200, {
          access_token: await access.tokens.sign({ ...client, scopes }, tokenMs),
          token_type: 'Bearer',
          expires_in: Math.floor(tokenMs / 1_000),
          scope: scopes.join(' '),
        });
        audit.because(scopes.join(' '));
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        const unknown = error.code === 'invalid_client';
        audit.because(error.code);
        if (unknown) response.setHeader('WWW-Authenticate', 'Basic realm="dce", charset="UTF-8"');
        send(response, unknown ? 401 : 400, { error: error.code, error_description: error.message });
      }
      // It has been written already.
      return { body: undefined as never };
    },
  });
}

function send(response: Response, status: number, body: object): void {
  if (response.headersSent) return;
  response.status(status).type('json').send(JSON.stringify(body));
}

async function readForm(request: Request): Promise<URLSearchParams> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) throw new TokenError('invalid_request', 'the body is too large');
    parts.push(part);
  }
  const form = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
  // RFC 6749 §3.2: no parameter more than once.
  if (new Set(form.keys()).size < form.size)
    throw new TokenError('invalid_request', 'a parameter came twice');
  return form;
}

/** By Basic authentication, or by the body, never both (RFC 6749 §2.3.1). */
async function provenClient(access: Access, form: URLSearchParams, request: Request): Promise<Principal> {
  const basic = basicOf(request.get('Authorization'));
  const secret = form.get('client_secret');
  if (basic && secret !== null) throw new TokenError('invalid_request', 'prove the client in one way alone');
  const shown = basic ?? { id: form.get('client_id') ?? '', secret: secret ?? '' };
  if (shown.id === '' || shown.secret === '') {
    throw new TokenError('invalid_client', 'send client_id and client_secret');
  }
  const client =
    shown.id.length > 64 || shown.secret.length > 256 || /[^!-~]/.test(shown.id)
      ? undefined
      : await proveOAuthClient(access.database, shown.id, shown.secret);
  if (!client) throw new TokenError('invalid_client', 'the client is not known, or its secret is wrong');
  return client;
}

function basicOf(header: string | undefined): { readonly id: string; readonly secret: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    );
    return { id: id ?? '', secret: secret ?? '' };
  } catch {
    return undefined;
  }
}

/** What is asked for, of what the client has; all of that where nothing is asked for. */
function wantedScopes(client: Principal, text: string | null): readonly string[] {
  const wanted = (text ?? '').split(' ').filter((scope) => scope !== '');
  if (wanted.length === 0) return client.scopes;
  if (wanted.length > MAX_SCOPES || !wanted.every((scope) => covers(client.scopes, scope))) {
    throw new TokenError('invalid_scope', 'the client does not have every scope that is asked for');
  }
  return [...new Set(wanted)];
}
