import { Exchange } from '../e2e/support/exchange';
import { EventSocketStandIn } from '../support/event-socket-stand-in';
import { Leftovers } from '../support/leftovers';
import { until } from '../support/until';
import { EventStreamReader } from './support/event-stream-reader';

const SECRET = 'stand-in-secret';
const WITHIN_MS = 60_000;

const leftovers = new Leftovers();
let first: EventSocketStandIn;
let second: EventSocketStandIn;
let exchange: Exchange;
let alerts: EventStreamReader;

beforeAll(async () => {
  [first, second] = [await EventSocketStandIn.start(SECRET), await EventSocketStandIn.start(SECRET)];
  leftovers.add(() => Promise.all([first.kill(), second.kill()]));
  exchange = await Exchange.start({
    env: {
      DCE_MEDIA_ENGINE: 'freeswitch',
      DCE_MEDIA_FREESWITCH_SERVERS: [nameOf(first), nameOf(second)].join(','),
      DCE_MEDIA_FREESWITCH_SECRET: SECRET,
    },
  });
  leftovers.add(() => exchange.stop());
  alerts = await EventStreamReader.open(exchange.file.apiUrl, exchange.file.apiKey, ['alerts']);
  leftovers.add(() => alerts.close());
});
afterAll(() => leftovers.end());

const nameOf = ({ port }: EventSocketStandIn): string => `127.0.0.1:${port}`;

async function ask(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${exchange.file.apiUrl}${path}`);
  return { status: response.status, text: await response.text() };
}

/** Status of all, of media, and of readiness. */
async function health(): Promise<unknown[]> {
  const { status, text } = await ask('/health');
  const { checks } = JSON.parse(text) as { checks: Record<string, { status: string }> };
  return [status, checks['media']?.status, (await ask('/health/ready')).status];
}

async function metricsOf({ port }: EventSocketStandIn): Promise<string[]> {
  const { text } = await ask('/metrics');
  return text
    .split('\n')
    .filter((line) => /^dce_media_server_(?:state|reconnects)/.test(line) && line.includes(`:${port}"`))
    .map((line) => line.replace(`server="127.0.0.1:${port}"`, 'server'));
}

const told = (type: 'alert.raised' | 'alert.cleared'): unknown[][] =>
  alerts.of(type).map((block) => {
    const { data } = JSON.parse(block.data) as { data: Record<string, unknown> };
    return [data['code'], data['severity'], data['server']];
  });

test('media servers that go away and come back are told by alerts, health and metrics', async () => {
  const [one, other] = [nameOf(first), nameOf(second)];
  expect(await health()).toEqual([200, 'ok', 200]);

  await first.kill();
  await until('the alert', () => told('alert.raised').length === 1, WITHIN_MS);
  await until('the degradation', async () => (await health())[0] === 206, WITHIN_MS);
  expect(await health()).toEqual([206, 'degraded', 200]);
  expect(await metricsOf(first)).toEqual([
    'dce_media_server_state{server,state="up"} 0',
    'dce_media_server_state{server,state="draining"} 0',
    'dce_media_server_state{server,state="down"} 1',
    'dce_media_server_reconnects_total{server} 0',
  ]);

  await second.kill();
  await until('both alerts', () => told('alert.raised').length === 3, WITHIN_MS);
  await until('the refusal of new calls', async () => (await health())[0] === 503, WITHIN_MS);
  expect(await health()).toEqual([503, 'down', 503]);
  expect((await ask('/health/live')).status).toBe(200);
  expect((await exchange.stats()).mediaServers.map(({ state }) => state)).toEqual(['down', 'down']);

  await Promise.all([first.listen(), second.listen()]);
  await until('the servers', async () => (await health())[0] === 200, WITHIN_MS);
  expect(await health()).toEqual([200, 'ok', 200]);
  await until('the alerts to be over', () => told('alert.cleared').length === 3, WITHIN_MS);
  const expected = [
    ['media.server_away', 'warning', one],
    ['media.server_away', 'warning', other],
    ['media.servers_away', 'critical', undefined],
  ];
  expect(told('alert.raised')).toEqual(expected);
  expect(told('alert.cleared')).toHaveLength(3);
  expect(told('alert.cleared')).toEqual(expect.arrayContaining(expected));
  expect((await metricsOf(first)).at(-1)).toBe('dce_media_server_reconnects_total{server} 1');
});
