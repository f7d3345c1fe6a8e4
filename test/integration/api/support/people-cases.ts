import { TOTP } from 'otpauth';
import type { HappyPath } from './happy-path';
import { storeCallOf } from './phone-people';
import { askWith, newUser, PASSWORD, signedIn, tokenOf } from './test-access';
import type { TestApi } from './test-api';
import { agentToken, newAgent, newAgentToken, newUserToken } from './whole-api';

/** Operations that are open, or for users and agents who are signed in. Those of a provider's sign-in want a provider. */
export function peopleCases(api: () => TestApi): [string, HappyPath][] {
  return [...openCases(api), ...userCases(api), ...agentCases(api)];
}

/** What only a provider's browser can be led through: shown where there is one. */
export const WITH_PROVIDER = ['GET /api/v1/auth/oidc/{id}/callback', 'GET /api/v1/auth/oidc/{id}/start'];

function openCases(api: () => TestApi): [string, HappyPath][] {
  const refreshToken = async (): Promise<{ refreshToken: string }> => {
    const { refreshToken: token } = await signedIn(api(), (await newUser(api())).email);
    return { refreshToken: token };
  };
  return [
    [
      'POST /api/v1/auth/sign-in',
      { bodyFor: async () => ({ email: (await newUser(api())).email, password: PASSWORD }) },
    ],
    ['POST /api/v1/auth/refresh', { bodyFor: refreshToken }],
    ['POST /api/v1/auth/sign-out', { bodyFor: refreshToken }],
    [
      'POST /api/v1/auth/links',
      { bodyFor: async () => ({ token: await invitation(api()), password: PASSWORD }) },
    ],
    ['POST /api/v1/auth/reset', { body: { email: 'somebody@people.example' } }],
    ['GET /api/v1/auth/providers', {}],
    ['POST /api/v1/oauth/token', { formFor: () => grant(api()) }],
    [
      'POST /api/v1/phone/sessions',
      {
        bodyFor: async () => {
          const { username, password } = await newAgent(api());
          return { username, password };
        },
      },
    ],
  ];
}

async function invitation(api: TestApi): Promise<string> {
  const email = `invited-${Date.now()}@people.example`;
  const made = await api.ask('POST', '/api/v1/users', { body: { email, name: 'Invited' } });
  return tokenOf(made.body['link']);
}

async function grant(api: TestApi): Promise<Record<string, string>> {
  const { body } = await api.ask('POST', '/api/v1/oauth-clients', {
    body: { name: 'ERP', scopes: ['calls:read'] },
  });
  const client = { client_id: String(body['id']), client_secret: String(body['clientSecret']) };
  return { grant_type: 'client_credentials', ...client };
}

function userCases(api: () => TestApi): [string, HappyPath][] {
  let token = '';
  const as = async (): Promise<string> => (token = await newUserToken(api()));
  const ownSession = async (): Promise<string> =>
    String((await askWith(api(), token, 'GET', '/auth/me')).body['sessionId']);
  const code = async (): Promise<{ code: string }> => {
    const { body } = await askWith(api(), token, 'POST', '/auth/totp');
    return { code: new TOTP({ secret: String(body['secret']) }).generate() };
  };
  return [
    ['GET /api/v1/auth/me', { as }],
    ['GET /api/v1/auth/sessions', { as }],
    ['DELETE /api/v1/auth/sessions/{id}', { as, id: ownSession }],
    ['POST /api/v1/auth/password', { as, body: { current: PASSWORD, next: 'five goats in the snow' } }],
    ['POST /api/v1/auth/totp', { as }],
    ['POST /api/v1/auth/totp/confirm', { as, bodyFor: code }],
    ['DELETE /api/v1/auth/totp', { as }],
  ];
}

function agentCases(api: () => TestApi): [string, HappyPath][] {
  const as = (): Promise<string> => newAgentToken(api());
  let agentId = '';
  const asAgent = async (): Promise<string> => {
    const agent = await newAgent(api());
    agentId = agent.id;
    return agentToken(api(), agent);
  };
  let count = 0;
  const ownCall = async (): Promise<string> => {
    const callId = `at-a-phone-${count++}`;
    await storeCallOf(api(), callId, agentId, { at: Date.now() });
    return callId;
  };
  const callInHand = (): Promise<string> => {
    const callId = `in-hand-${count++}`;
    api().switch.calls.push({ callId, state: 'answered', agentId });
    return Promise.resolve(callId);
  };
  return [
    ['DELETE /api/v1/phone/sessions/current', { as }],
    ['GET /api/v1/phone/me', { as }],
    ['POST /api/v1/phone/credentials', { as }],
    ['PUT /api/v1/phone/status', { as, body: { status: 'away' } }],
    ['GET /api/v1/phone/calls', { as }],
    ['GET /api/v1/phone/calls/{callId}', { as: asAgent, id: ownCall }],
    ['PUT /api/v1/phone/calls/{callId}/disposition', { as: asAgent, id: ownCall, body: { code: 'sale' } }],
    ['GET /api/v1/phone/calls/{callId}/recording', { as: asAgent, id: callInHand }],
    [
      'POST /api/v1/phone/calls/{callId}/recording',
      { as: asAgent, id: callInHand, body: { action: 'pause', seconds: 30 } },
    ],
    ['GET /api/v1/phone/colleagues', { as }],
  ];
}
