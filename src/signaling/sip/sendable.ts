/** Statuses that drachtio-srf sends: it throws at any other. */
const KNOWN = new Set(
  (
    '100 180 181 182 183 199 200 202 204 300 301 302 305 380 400 401 402 403 404 405 406 407 408 409 410 411 412 ' +
    '413 414 415 416 417 420 421 422 423 424 428 429 430 433 436 437 438 439 470 480 481 482 483 484 485 486 487 ' +
    '488 489 491 493 494 500 501 502 503 504 505 513 580 600 603 604 606'
  )
    .split(' ')
    .map(Number),
);

/**
 * A status that somebody else gave, as it can be sent: one that is not known is what the x00 of its class
 * is (RFC 3261 §8.1.3.2).
 */
export function sendable(status: number): number {
  if (KNOWN.has(status)) return status;
  const ofClass = Math.floor(status / 100) * 100;
  return KNOWN.has(ofClass) ? ofClass : 500;
}
