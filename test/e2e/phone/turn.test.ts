import { Leftovers } from '../../support/leftovers';
import { REVENUE } from '../support/market';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';
import { TurnServer } from './support/turn-server';

jest.setTimeout(PATIENCE_MS);

const CALLER_HZ = 600;
const AGENT_HZ = 1_000;

const leftovers = new Leftovers();
let phones: PhoneExchange;
beforeAll(async () => {
  const turn = await TurnServer.start();
  leftovers.add(() => turn.stop());
  phones = await PhoneExchange.open(turn.env);
  leftovers.add(() => phones.close());
  await phones.addBuyer({ id: 'first', price: REVENUE, agents: [{ id: 'alice' }] });
});
afterEach(() => phones.tidy());
afterAll(() => leftovers.end());

test('where phones may use relays alone, both sides hear each other through coturn', async () => {
  const alice = await phones.phone('alice', AGENT_HZ);
  const carrier = await phones.call(CALLER_HZ);
  await alice.rings();
  await alice.answer();
  await carrier.isUp();
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
  expect(await alice.route()).toMatchObject({ local: 'relay' });
  await carrier.hangUp();
  await alice.isOver('caller');
  expect(await phones.lastCall()).toMatchObject({ state: 'completed', revenue: String(REVENUE) });
});
