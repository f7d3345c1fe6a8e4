import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../../src/domain';
import { PresenceBus, RedisBindings } from '../../../src/presence';
import type { PhoneUser, Registrar } from '../../../src/signaling';
import { createRegistrar, DrachtioStack, mintCredentials } from '../../../src/signaling';
import { openRedis } from '../../../src/storage';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import type { Bench } from '../sip-server/support';
import { benches, HOST, SECRET } from '../sip-server/support';

const AGENT: PhoneUser = { id: 'agent-1', username: 'agent', status: 'active', maxContacts: 3 };
const PHONE = join(__dirname, '../sip-server/support/sip-js-phone.mjs');
const secret = randomBytes(32);

const start = benches();
let store: TestRedis;
let bench: Bench;
let stack: DrachtioStack;
let bindings: RedisBindings;
let registrar: Registrar;
let phone: ChildProcess;
let said: string;
let close: () => void;

beforeAll(async () => {
  store = await testRedis();
});
afterAll(() => store.drop());

beforeEach(async () => {
  bench = await start({ listen: [{ protocol: 'ws', address: HOST, port: 0 }] });
  const redis = openRedis(store.url);
  const bus = new PresenceBus(redis);
  const now = (): number => systemClock.now();
  const channel = `bindings-${randomUUID()}`;
  bindings = new RedisBindings(redis, { nodeId: 'one', origin: randomUUID(), bus, now, channel });
  await bindings.start();
  registrar = createRegistrar({
    store: bindings,
    directory: {
      agent: (id) => (id === AGENT.id ? AGENT : undefined),
      byUsername: () => undefined,
      ha1: () => Promise.resolve(undefined),
    },
    secret,
    domain: 'dce.invalid',
    algorithms: ['SHA-256', 'MD5'],
    nodeId: 'one',
    expiry: { minSeconds: 60, maxSeconds: 3_600, defaultSeconds: 600 },
    keepAliveSeconds: 120,
    clock: systemClock,
  });
  stack = new DrachtioStack({ warn: () => undefined });
  stack.onRegister((request) => registrar.handle(request));
  const ready = new Promise((resolve) => stack.onReady(resolve));
  stack.connect({ host: HOST, port: bench.server.controlPort, secret: SECRET });
  await ready;
  // Its routes are on their way: they are read in the order in which they were sent.
  const probe = await bench.control();
  await probe.authenticate();
  probe.close();
  close = () => {
    stack.close();
    bindings.close();
    bus.close();
    redis.disconnect();
  };
});

afterEach(async () => {
  const ended = new Promise((resolve) => phone.once('exit', resolve));
  phone.stdin?.end();
  await ended;
  close();
});

function startPhone({ username, password }: { username: string; password: string }): void {
  said = '';
  phone = spawn(process.execPath, [PHONE, `ws://${HOST}:${bench.port('ws')}`, username, password], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  phone.stdout?.setEncoding('utf8');
  phone.stdout?.on('data', (text: string) => (said += text));
}

const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600;

test('a phone of sip.js, which knows MD5 alone, registers with minted credentials', async () => {
  startPhone(mintCredentials(secret, AGENT.id, Date.now() / 1_000, inAnHour()));
  await until('the phone to be registered', () => said.includes('Registered'));
  expect(registrar.figures).toMatchObject({ accepted: 1, challenged: 1, failed: 0 });
  const [binding] = await bindings.of(AGENT.id, Date.now());
  expect(binding).toMatchObject({ nodeId: 'one', flow: { transport: 'ws', address: HOST } });
  expect(binding && registrar.agentOfFlow(binding.flow)).toBe(AGENT.id);
});

test('it does not with those of another exchange', async () => {
  startPhone(mintCredentials(randomBytes(32), AGENT.id, Date.now() / 1_000, inAnHour()));
  await until('the phone to be refused', () => registrar.figures.failed === 1);
  expect(await bindings.of(AGENT.id, Date.now())).toEqual([]);
});
