import { RegisteringPhone } from '../../support/registering-phone';
import { RegistrationLoad } from '../../support/registration-load';
import { Exchange } from '../support/exchange';
import { openMarket } from '../support/market';
import { freePort } from '../support/processes';

const PHONES = 300;

let exchange: Exchange;
let url: string;
let load: RegistrationLoad;
beforeAll(async () => {
  const port = await freePort();
  url = `ws://127.0.0.1:${port}`;
  exchange = await Exchange.start({
    listen: [`ws:127.0.0.1:${port}`],
    env: { DCE_MEDIA_ENGINE: 'passthrough' },
  });
  await openMarket(exchange);
  load = await RegistrationLoad.prepare(exchange, url, PHONES);
  await load.connect();
});
afterAll(async () => {
  load.close();
  await exchange.stop();
});

test('hundreds of phones register, and all of them again at once', async () => {
  const allGranted = { granted: PHONES, others: {} };
  for (const atOnce of [50, PHONES]) {
    const { granted, others } = await load.register(atOnce);
    expect({ granted, others }).toEqual(allGranted);
  }
  expect(load.connected).toBe(PHONES);
});

test('who guesses passwords is locked out, while everybody else and the agent stay in', async () => {
  const credentials = await load.setPassword(0, 'known to the phone on the desk');
  const desk = await RegisteringPhone.open(url);
  try {
    expect((await desk.register(credentials)).status).toBe(200);
    const [others, ...guesses] = await Promise.all([
      load.register(50),
      ...[0, 1, 2].map((attacker) => load.guess(0, attacker, 40)),
    ]);
    expect(others.others).toEqual({});
    for (const run of guesses) {
      expect(run.gotIn).toBe(0);
      expect(run.tried + run.lockedOut).toBe(run.guesses);
      expect(run.lockedOut).toBeGreaterThan(0);
    }
    // An attack on the agent does not keep the agent out.
    expect((await desk.register(credentials)).status).toBe(200);
    expect((await load.register(50)).granted).toBe(PHONES);
  } finally {
    desk.close();
  }
});
