import type { Express } from 'express';
import type { Access } from './access';

/** What verifiers may go by for a while: much less than a key is shown before it signs. */
const FRESH_SECONDS = 300;

/** The keys that our tokens are verified with (RFC 7517 §5), at the place where verifiers look for them. */
export function serveJwks(app: Express, { keys }: Access): void {
  app.get('/.well-known/jwks.json', async (_request, response) => {
    const set = await keys.jwks();
    response
      .setHeader('Cache-Control', `public, max-age=${FRESH_SECONDS}`)
      .type('application/jwk-set+json')
      .send(JSON.stringify(set));
  });
}
