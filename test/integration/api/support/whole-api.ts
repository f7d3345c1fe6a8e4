import type { ApiServices } from '../../../../src/api';
import type { Operation } from './openapi-reader';
import { audienceOf } from './openapi-reader';
import { newUser, signedIn, testAccess } from './test-access';
import type { Answer, Ask, TestApi } from './test-api';
import { startTestApi } from './test-api';
import type { TestPhone } from './test-phone';
import { testPhone } from './test-phone';

/** The API with all that it may have: people who sign in, phones of agents. Its document names every operation. */
export interface WholeApi extends TestApi {
  readonly phone: TestPhone;
  /** Asks for an operation as one whom it is for: the exchange, a user, an agent, or nobody. */
  askFor(operation: Operation, path: string, ask?: Ask): Promise<Answer>;
}

const PASSWORD = 'correct horse battery';
let count = 0;

export async function startWholeApi(more: Partial<ApiServices> = {}): Promise<WholeApi> {
  const phone = testPhone();
  const api = await startTestApi({ phone: phone.services, ...more }, (pool) => testAccess(pool));
  const tokens = new Map<'user' | 'agent', Promise<string>>();
  const signIn = { user: () => newUserToken(api), agent: () => lastingAgentToken(api) };
  return {
    ...api,
    phone,
    askFor: async (operation, path, ask = {}) => {
      const audience = audienceOf(operation);
      if (audience === 'account') return api.ask(operation.method, path, ask);
      if (audience === 'open') return api.ask(operation.method, path, { ...ask, key: null });
      const asked = async (): Promise<Answer> => {
        const token = tokens.get(audience) ?? signIn[audience]();
        tokens.set(audience, token);
        const headers = { ...ask.headers, Authorization: `Bearer ${await token}` };
        return api.ask(operation.method, path, { ...ask, key: null, headers });
      };
      const answer = await asked();
      if (answer.status !== 401) return answer;
      // Something that was asked for before signed them out: somebody else follows.
      tokens.delete(audience);
      return asked();
    },
  };
}

/** Signs in somebody new of the exchange. */
export async function newUserToken(api: TestApi): Promise<string> {
  return (await signedIn(api, (await newUser(api)).email)).accessToken;
}

/** Signs in a new agent of a new buyer, which nobody knows who archives what they find. */
async function lastingAgentToken(api: TestApi): Promise<string> {
  const buyer = { id: `phones-${count + 1}`, accountId: 'buyer-account', name: 'At phones' };
  await api.ask('POST', '/api/v1/buyers', { body: buyer });
  return agentToken(api, await newAgent(api, buyer.id));
}

/** Signs in a new agent, of the buyer that {@link openMarket} made. */
export async function newAgentToken(api: TestApi): Promise<string> {
  return agentToken(api, await newAgent(api));
}

export interface TestAgent {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

export async function newAgent(api: TestApi, buyerId = 'buyer'): Promise<TestAgent> {
  const username = `agent-at-phone-${++count}`;
  const body = { buyerId, name: 'At a phone', username };
  const made = await api.ask('POST', '/api/v1/agents', { body });
  const id = String(made.body['id']);
  const set = await api.ask('PUT', `/api/v1/agents/${id}/password`, { body: { password: PASSWORD } });
  if (set.status !== 204) throw new Error(`${made.status} ${made.text} ${set.status} ${set.text}`);
  return { id, username, password: PASSWORD };
}

/** @throws Error when the agent is not let in */
export async function agentToken(api: TestApi, { username, password }: TestAgent): Promise<string> {
  const body = { username, password };
  const {
    status,
    text,
    body: session,
  } = await api.ask('POST', '/api/v1/phone/sessions', { key: null, body });
  if (status !== 201) throw new Error(`${status} ${text} ${String(api.switch.bugs.at(-1))}`);
  return String(session['token']);
}
