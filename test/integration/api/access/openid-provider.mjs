import { createServer } from 'node:http';
import Provider from 'oidc-provider';

/**
 * An OpenID provider on a free port of the loopback: whoever comes is signed in as the person it was told of
 * last. Told and tells by messages: it is a process of its own, since it is an ES module.
 */
let person = { sub: 'nobody' };
const people = new Map();
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'dce',
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [process.env.REDIRECT_URI],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['of a test'] },
    ttl: { Session: 60, Interaction: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
    findAccount: (_context, accountId) => ({ accountId, claims: () => people.get(accountId) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client.clientId,
        accountId: oidc.session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return callback(request, response);
    const refused = person.sub === 'refused';
    const result = refused ? { error: 'access_denied' } : { login: { accountId: person.sub } };
    return provider.interactionFinished(request, response, result);
  });
  process.send({ issuer });
});
process.on('message', (told) => {
  person = told;
  people.set(told.sub, told);
  process.send({ told: told.sub });
});
process.on('disconnect', () => process.exit(0));
