import type { Request, RequestHandler } from 'express';
import express from 'express';
import { MERGE_PATCH_TYPE } from '../merge-patch';
import { sendProblem } from '../problem';
import { JSON_TYPE } from '../route';
import { contextOf } from './request-context';

const BODY_LIMIT = '1mb';
const WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads JSON bodies of at most 1 MiB, also after decompression. Bodies that a route reads itself are left to
 * it, as they were sent; other types are refused.
 */
export function readBody(): RequestHandler {
  const json = express.json({
    type: [JSON_TYPE, MERGE_PATCH_TYPE],
    limit: BODY_LIMIT,
    strict: true,
    verify: refuseMark,
  });
  return (request, response, next) => {
    const { area, route } = contextOf(request).place;
    if (area === 'page' || !route) return next();
    const { takes } = route;
    const empty = request.get('Content-Length') === '0';
    const packed = takes !== JSON_TYPE && (request.get('Content-Encoding') ?? 'identity') !== 'identity';
    const taken = request.method === 'PATCH' ? [takes, MERGE_PATCH_TYPE] : [takes];
    if (WITH_BODY.has(request.method) && (isOther(request, taken, empty) || packed)) {
      response.setHeader('Connection', 'close');
      if (request.method === 'PATCH') response.setHeader('Accept-Patch', taken.join(', '));
      const [code, problem] = packed
        ? ['unsupported_encoding', 'this body must not be packed']
        : ['unsupported_media_type', `the body must be ${taken.join(' or ')}`];
      sendProblem(response, 415, code, problem);
      return;
    }
    json(request, response, next);
  };
}

/** `is` says null when there is no body at all. */
function isOther(request: Request, taken: string[], empty: boolean): boolean {
  return !empty && request.is(taken) === false;
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
