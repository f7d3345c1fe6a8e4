import type { RequestHandler } from 'express';
import express from 'express';
import { sendProblem } from '../problem';

const BODY_LIMIT = '1mb';
const WITH_BODY = new Set(['POST', 'PATCH', 'PUT']);

const onlyJson: RequestHandler = (request, response, next) => {
  const empty = request.get('Content-Length') === '0';
  // `is` says null when there is no body at all.
  if (WITH_BODY.has(request.method) && !empty && request.is('application/json') === false) {
    response.setHeader('Connection', 'close');
    sendProblem(response, 415, 'unsupported_media_type', 'the body must be application/json');
    return;
  }
  next();
};

/** Reads JSON bodies of at most 1 MiB, also after decompression; other types are refused. */
export const readBody: readonly RequestHandler[] = [
  onlyJson,
  express.json({ limit: BODY_LIMIT, strict: true }),
];
