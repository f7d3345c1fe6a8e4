import type { Request } from 'express';
import type { ReachedBy } from './services';

/** RFC 9110 §7.2: what a browser asked for; anything else is not repeated. */
const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::\d{1,5})?$/;

/** Under which name the API was reached, as the request says. A proxy that ends TLS says so in X-Forwarded-Proto. */
export function reachedBy(request: Request): ReachedBy {
  const [, host = 'localhost'] = HOST.exec(request.get('Host') ?? '') ?? [];
  const forwarded = request.get('X-Forwarded-Proto')?.split(',', 1)[0]?.trim();
  return { host, secure: request.secure || forwarded === 'https' };
}
