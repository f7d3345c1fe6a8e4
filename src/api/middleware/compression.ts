import zlib from 'node:zlib';
import compress from 'compression';
import type { Request, RequestHandler, Response } from 'express';
import { contextOf } from './request-context';

/** Less than a packet is not worth the work. */
const THRESHOLD_BYTES = 1_400;
/** Answers to a person or program that signs in, and keys that are shown once. */
const WITH_SECRETS = new Set(['auth', 'oauth', 'keys', 'oauth-clients', 'users', 'phone', 'webhooks']);

/**
 * Packs long answers. Not those of streams, which would wait for a full buffer, nor those that hold secrets:
 * who can make a browser ask, and sees how long the answer is, would find them out bit by bit (BREACH).
 */
export function compression(): RequestHandler {
  const pack = compress({
    threshold: THRESHOLD_BYTES,
    level: zlib.constants.Z_BEST_SPEED,
    filter: (request, response) => mayBePacked(request, response) && compress.filter(request, response),
  });
  return (request, response, next) => {
    if (request.headers['accept-encoding'] === undefined) next();
    else pack(request, response, next);
  };
}

function mayBePacked(request: Request, response: Response): boolean {
  const { route } = contextOf(request).place;
  if (route && (route.streams || WITH_SECRETS.has(route.path.split('/')[1] ?? ''))) return false;
  return !String(response.getHeader('Content-Type')).startsWith('text/event-stream');
}
