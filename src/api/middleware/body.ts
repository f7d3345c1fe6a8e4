import type { Request, RequestHandler } from 'express';
import express from 'express';
import { sendProblem } from '../problem';
import type { Route } from '../route';
import { JSON_TYPE } from '../route';

const BODY_LIMIT = '1mb';
const WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads JSON bodies of at most 1 MiB, also after decompression. Bodies that a route reads itself are left to
 * it, as they were sent; other types are refused.
 */
export function readBody(routes: readonly Route[]): readonly RequestHandler[] {
  return [onlyWhatIsTaken(routes), express.json({ limit: BODY_LIMIT, strict: true, verify: refuseMark })];
}

/** A byte order mark alone is no JSON, though the parser takes it for no body at all. */
function refuseMark(_request: unknown, _response: unknown, raw: Buffer): void {
  if (raw.length === 3 && raw.toString('utf8') === '\ufeff') {
    throw Object.assign(new Error('a byte order mark and nothing else'), {
      status: 400,
      type: 'entity.parse.failed',
    });
  }
}

function onlyWhatIsTaken(routes: readonly Route[]): RequestHandler {
  const others = routes
    .filter(({ takes }) => takes !== JSON_TYPE)
    .map((route) => ({ ...route, ...placeOf(route) }));
  const takenBy = ({ method, path }: Request): string =>
    others.find((route) => route.verb === method && route.pattern.test(path))?.takes ?? JSON_TYPE;
  return (request, response, next) => {
    const type = takenBy(request);
    const empty = request.get('Content-Length') === '0';
    const packed = type !== JSON_TYPE && (request.get('Content-Encoding') ?? 'identity') !== 'identity';
    // `is` says null when there is no body at all.
    const other = !empty && request.is(type) === false;
    if (WITH_BODY.has(request.method) && (other || packed)) {
      response.setHeader('Connection', 'close');
      const [code, problem] = packed
        ? ['unsupported_encoding', 'this body must not be packed']
        : ['unsupported_media_type', `the body must be ${type}`];
      sendProblem(response, 415, code, problem);
      return;
    }
    next();
  };
}

/** Where a route is, below `/api/v1`. */
function placeOf({ method, path }: Route): { readonly verb: string; readonly pattern: RegExp } {
  return { verb: method.toUpperCase(), pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) };
}
