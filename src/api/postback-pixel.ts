import type { Express, Request, RequestHandler, Response } from 'express';
import { identifyPostbackToken, SIGNAL_VALUE } from '../billing';
import { AppError } from '../domain';
import type { Queryable } from '../storage';
import type { ClientAddress } from './client-address';
import { Guesses } from './middleware/guesses';
import { WindowCounter } from './middleware/window-counter';
import type { MoneyServices } from './money-rules';
import { sendProblem } from './problem';
import { takeSignal } from './take-postback';

/** Unknown tokens that one address may try in a minute. */
const MAX_FAILURES = 100;
const TOO_MANY = 'too_many_postbacks';
const GUESSED = { code: TOO_MANY, text: 'too many unknown tokens from this address' };
const MAX_TOKEN = 128;
/** PostgreSQL takes neither U+0000 nor halves of surrogate pairs. */
const NAME = /^[^\0\p{Surrogate}]{1,200}$/u;
/** A transparent GIF of one pixel. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

export interface PostbackPixelOptions extends MoneyServices {
  readonly database: Queryable;
  /** Of whom unknown tokens are counted. */
  readonly addressOf: ClientAddress;
  /** Postbacks that one token may send in a minute. */
  readonly perMinute: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/**
 * Postbacks as buyers paste them into other systems: a URL with a token in it, by GET or POST. To be put
 * before authentication; without a token a request goes on to it. Parameters that are not ours are no
 * concern of ours: systems append what they like.
 */
export function servePostbacks(app: Express, options: PostbackPixelOptions): void {
  const limits = {
    guesses: new Guesses(MAX_FAILURES, GUESSED, options.monotonic),
    tokens: new WindowCounter(options.monotonic),
  };
  const handle: RequestHandler = async (request, response, next) => {
    const { token } = request.query;
    if (typeof token !== 'string') return next();
    // A look at the link is no postback.
    if (request.method === 'HEAD') return void response.status(204).end();
    await takeWithToken(request, response, token, options, limits);
  };
  for (const path of ['/api/v1/calls/:id/postbacks', '/api/v1/postbacks']) {
    app.get(path, handle);
    app.post(path, handle);
  }
}

const PLACE = /^\/api\/v1\/(?:calls\/[^/]+\/)?postbacks\/?$/;

/** Whether a request brings a token in place of a key. */
export function isPostback(request: Request): boolean {
  const { method, path } = request;
  if (method !== 'GET' && method !== 'POST' && method !== 'HEAD') return false;
  return PLACE.test(path) && typeof request.query['token'] === 'string';
}

interface Limits {
  readonly guesses: Guesses;
  readonly tokens: WindowCounter;
}

async function takeWithToken(
  request: Request,
  response: Response,
  token: string,
  options: PostbackPixelOptions,
  { guesses, tokens }: Limits,
): Promise<void> {
  const address = options.addressOf(request);
  if (guesses.refuse(address, response)) return;
  const known = token.length <= MAX_TOKEN ? await identifyPostbackToken(options.database, token) : undefined;
  if (!known) {
    guesses.wrong(address);
    throw new AppError('unauthorized', 'unknown_token', 'the token is not known, expired or revoked');
  }
  const used = tokens.add(known.id);
  if (used.count > options.perMinute) {
    response.setHeader('Retry-After', used.resetSeconds);
    return sendProblem(response, 429, TOO_MANY, 'too many postbacks with this token');
  }
  const event = eventOf(request);
  if (known.events.length > 0 && !known.events.includes(event)) {
    throw new AppError('forbidden', 'event_not_allowed', `this token does not tell of ${event}`);
  }
  await takeSignal(options.database, options, {
    call: callOf(request),
    kind: 'postback',
    value: event,
    at: atOf(request),
    source: `token:${known.id}`,
    accountId: known.accountId,
  });
  if (request.method === 'POST') return void response.status(204).end();
  // Pages of others show it.
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  response.status(200).type('image/gif').send(PIXEL);
}

function callOf(request: Request): string {
  const { id } = request.params;
  const name = id ?? request.query['reference'];
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw id === undefined
    ? invalid('query', '/reference', 'must be the name that the buyer gave its offer')
    : invalid('path', '/id', 'is no name of a call');
}

function eventOf({ query: { event } }: Request): string {
  if (typeof event === 'string' && SIGNAL_VALUE.test(event)) return event;
  throw invalid('query', '/event', 'must be 1 to 64 letters, digits, _ . : # * -');
}

function atOf({ query: { at } }: Request): number | undefined {
  if (at === undefined || at === '') return undefined;
  if (typeof at === 'string' && /^\d{1,15}$/.test(at)) return Number(at);
  throw invalid('query', '/at', 'must be UTC epoch milliseconds');
}

function invalid(place: 'query' | 'path', pointer: string, message: string): AppError {
  return new AppError('validation', 'invalid_request', `the ${place} is not acceptable`, {
    errors: [{ in: place, pointer, message }],
  });
}
