import type { ServerResponse } from 'node:http';
import type { E164, LookupKind } from '../../../src/domain';
import type { LookupSettings, ProviderSettings, SharedAnswers } from '../../../src/lookups';
import { LookupService } from '../../../src/lookups';
import { until } from '../../support/until';
import { TestProvider } from './support/provider';

const NUMBER = '+12125550123' as E164;
const person = (n: number): E164 => `+1212555${String(n).padStart(4, '0')}` as E164;
/** Longer than any test: who waits for it hangs. */
const LONG_MS = 50_000;

let provider: TestProvider;
let services: LookupService[];
let now: number;
let monotonic: number;

beforeEach(async () => {
  provider = await new TestProvider().start();
  services = [];
  now = 1_700_000_000_000;
  monotonic = 0;
});
afterEach(async () => {
  for (const service of services) service.close();
  await provider.stop();
});

const dnc = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  name: 'scrub',
  kind: 'dnc',
  url: `${provider.url}/scrub?phone={number}`,
  method: 'GET',
  timeoutMs: LONG_MS,
  maxConcurrent: 8,
  answer: { pointer: '/listed', listed: ['true'], clear: ['false'], noData: ['null'] },
  ...more,
});

function open(
  providers: readonly ProviderSettings[] = [dnc()],
  more: Partial<LookupSettings> = {},
  secrets: Record<string, string> = {},
  shared?: SharedAnswers,
): LookupService {
  // Time stands still unless a test moves it: timers of the machine go on.
  const clock = { now: () => now, monotonic: () => monotonic };
  const settings = { providers, deadlineMs: LONG_MS, ttlMs: 3_600_000, maxCached: 100, ...more };
  const service = new LookupService(settings, secrets, clock, shared);
  services.push(service);
  return service;
}

const json =
  (body: unknown, status = 200) =>
  (_asked: unknown, response: ServerResponse): void =>
    void response.writeHead(status).end(JSON.stringify(body));

test('a provider is asked as it wants to be, and its answer is a fact', async () => {
  provider.answer = json({ listed: true });
  const headers = { 'X-Account': '7', Authorization: 'Bearer {secret}' };
  const service = open([dnc({ headers, secretEnv: 'SCRUB_TOKEN' })], {}, { SCRUB_TOKEN: 's3cret' });
  expect(await service.lookup(['dnc'], NUMBER)).toEqual([
    { kind: 'dnc', provider: 'scrub', answer: 'listed', at: now, cached: false, latencyMs: 0 },
  ]);
  expect(provider.asked).toMatchObject([
    {
      method: 'GET',
      path: '/scrub?phone=%2B12125550123',
      headers: { authorization: 'Bearer s3cret', 'x-account': '7' },
    },
  ]);
});

test('several kinds are asked at once, each its own provider', async () => {
  provider.answer = ({ path, body }, response) => {
    if (path === '/reassigned')
      response.end(JSON.stringify({ answer: JSON.parse(body).date === '2026-01-05' ? 'yes' : 'no' }));
    else if (path.startsWith('/line')) response.end('{"type":"wireless"}');
    else response.end('{"listed":false}');
  };
  const service = open([
    dnc(),
    dnc({ name: 'suits', kind: 'litigator' }),
    dnc({
      name: 'rnd',
      kind: 'reassigned',
      method: 'POST',
      url: `${provider.url}/reassigned`,
      body: { tn: '{national}', date: '{consentDate}' },
      answer: { pointer: '/answer', listed: ['yes'], clear: ['no'], noData: ['no_data'] },
    }),
    dnc({
      name: 'lines',
      kind: 'line_type',
      url: `${provider.url}/line/{digits}`,
      answer: undefined,
      value: { pointer: '/type', values: { wireless: 'mobile' } },
    }),
  ]);
  const kinds: LookupKind[] = ['line_type', 'dnc', 'reassigned', 'litigator', 'dnc'];
  const facts = await service.lookup(kinds, NUMBER, { consentDate: Date.UTC(2026, 0, 5) });
  expect(facts.map(({ kind, provider: by, answer, value }) => [kind, by, answer, value])).toEqual([
    ['line_type', 'lines', 'clear', 'mobile'],
    ['dnc', 'scrub', 'clear', undefined],
    ['reassigned', 'rnd', 'listed', undefined],
    ['litigator', 'suits', 'clear', undefined],
  ]);
  // The day of the consent is part of the question.
  const [another] = await service.lookup(['reassigned'], NUMBER, { consentDate: Date.UTC(2026, 0, 6) });
  expect(another).toMatchObject({ answer: 'clear', cached: false });
  const asked = provider.asked.length;
  expect(await service.lookup(['reassigned'], NUMBER)).toMatchObject([{ answer: 'no_data' }]);
  expect(provider.asked).toHaveLength(asked);
});

test('a day that is none is as if there was no consent', async () => {
  const service = open([dnc({ kind: 'reassigned', url: `${provider.url}/{number}/{consentDate}` })]);
  for (const consentDate of [NaN, Infinity, -1, 8.65e15]) {
    expect(await service.lookup(['reassigned'], NUMBER, { consentDate })).toMatchObject([
      { answer: 'no_data' },
    ]);
  }
  expect(provider.asked).toEqual([]);
});

test('a kind that nobody is configured for is unavailable', async () => {
  expect(await open([]).lookup(['dnc', 'line_type'], NUMBER)).toMatchObject([
    { kind: 'dnc', provider: 'none', answer: 'unavailable' },
    { kind: 'line_type', provider: 'none', answer: 'unavailable' },
  ]);
});

test('an answer is good for an hour, for a callback five minutes', async () => {
  const service = open();
  await service.lookup(['dnc'], NUMBER);
  const asked = now;
  now += 300_000;
  expect(await service.lookup(['dnc'], NUMBER, { maxAgeMs: 300_000 })).toMatchObject([
    { answer: 'clear', cached: true, at: asked },
  ]);
  now += 1;
  expect(await service.lookup(['dnc'], NUMBER, { maxAgeMs: 300_000 })).toMatchObject([
    { cached: false, at: now },
  ]);
  now += 3_600_000;
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ cached: true }]);
  now += 1;
  expect(await service.lookup(['dnc'], NUMBER, { maxAgeMs: 99_999_999 })).toMatchObject([{ cached: false }]);
  expect(provider.asked).toHaveLength(3);
});

test('the same question is under way only once, and connections are kept', async () => {
  const held: ServerResponse[] = [];
  provider.answer = (_asked, response) => held.push(response);
  const service = open();
  const many = Array.from({ length: 50 }, () => service.lookup(['dnc'], NUMBER));
  await until('the question', () => held.length > 0);
  held[0]?.end('{"listed":true}');
  const facts = await Promise.all(many);
  expect(facts.every(([fact]) => fact?.answer === 'listed')).toBe(true);
  expect(provider.asked).toHaveLength(1);
  provider.answer = json({ listed: false });
  for (let n = 0; n < 10; n++) await service.lookup(['dnc'], person(n));
  expect(provider.connections).toBe(1);
});

test('who does not answer in time is unavailable; what comes late is there for the next', async () => {
  const held: ServerResponse[] = [];
  provider.answer = (_asked, response) => held.push(response);
  const service = open();
  // The provider holds its answer back until after this has resolved.
  expect(await service.lookup(['dnc'], NUMBER, { deadlineMs: 30 })).toMatchObject([
    { provider: 'scrub', answer: 'unavailable', cached: false },
  ]);
  held[0]?.end('{"listed":true}');
  await until('the late answer', () => service.stats.cached === 1);
  expect(await service.lookup(['dnc'], NUMBER, { deadlineMs: 0 })).toMatchObject([
    { answer: 'listed', cached: true },
  ]);
  expect(provider.asked).toHaveLength(1);
});

test("a provider's own time is kept, and the next of its kind is asked", async () => {
  const second = await new TestProvider().start();
  second.answer = json({ listed: true });
  provider.answer = () => undefined;
  const service = open([dnc({ timeoutMs: 20 }), dnc({ name: 'second', url: `${second.url}/{number}` })]);
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ provider: 'second', answer: 'listed' }]);
  expect(service.stats.providers[0]).toMatchObject({ failures: { timeout: 1 } });
  await second.stop();
});

test.each<[string, (response: ServerResponse) => unknown, string]>([
  ['no JSON', (response) => response.end('<html>Welcome</html>'), 'not_json'],
  ['another document', (response) => response.end('{"data":{}}'), 'not_understood'],
  ['an error page', (response) => response.writeHead(500).end('{"listed":false}'), 'status'],
  ['not allowed', (response) => response.writeHead(401).end('{"listed":false}'), 'status'],
  ['somewhere else', (response) => response.writeHead(302, { Location: '/elsewhere' }).end(), 'status'],
  ['too much', (response) => response.end(`{"listed":false,"more":"${'x'.repeat(200_000)}"}`), 'too_large'],
  [
    'half of it',
    (response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"listed":');
      response.socket?.end();
    },
    'connection',
  ],
  ['nothing, and hangs up', (response) => response.socket?.destroy(), 'connection'],
])('a provider that says %s says nothing', async (_what, answer, why) => {
  provider.answer = (_asked, response) => void answer(response);
  const service = open();
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'unavailable' }]);
  expect(service.stats.providers[0]?.failures).toMatchObject({ [why]: 1 });
  // It is not kept either: the next question is asked.
  provider.answer = json({ listed: true });
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'listed', cached: false }]);
  expect(provider.asked.map(({ path }) => path)).toEqual([
    '/scrub?phone=%2B12125550123',
    '/scrub?phone=%2B12125550123',
  ]);
});

test('404 is an answer where the settings say so', async () => {
  provider.answer = json({}, 404);
  const service = open([dnc({ notFound: 'clear' }), dnc({ name: 'suits', kind: 'litigator' })]);
  expect((await service.lookup(['dnc', 'litigator'], NUMBER)).map(({ answer }) => answer)).toEqual([
    'clear',
    'unavailable',
  ]);
});

test('a dead provider costs ten questions, then none, and a minute later one', async () => {
  await provider.stop();
  const service = open();
  const circuit = (): string | undefined => service.stats.providers[0]?.circuit;
  for (let n = 0; n < 10; n++) await service.lookup(['dnc'], person(n));
  expect(circuit()).toBe('open');
  await provider.start();
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'unavailable' }]);
  expect(provider.asked).toHaveLength(0);
  monotonic += 60_000;
  expect(await service.lookup(['dnc'], NUMBER)).toMatchObject([{ answer: 'clear' }]);
  expect(circuit()).toBe('closed');
  expect(service.stats.providers[0]?.failures).toMatchObject({ connection: 10, circuit_open: 1 });
});

test('a flapping provider opens its circuit, and only its own', async () => {
  let n = 0;
  provider.answer = (asked, response) => {
    if (asked.path.startsWith('/good')) response.end('{"listed":false}');
    else if (n++ % 2 === 0) response.end('{"listed":true}');
    else response.writeHead(503).end();
  };
  const service = open([
    dnc(),
    dnc({ name: 'good', kind: 'litigator', url: `${provider.url}/good/{number}` }),
  ]);
  for (let call = 0; call < 12; call++) await service.lookup(['dnc', 'litigator'], person(call));
  expect(service.stats.providers.map(({ circuit }) => circuit)).toEqual(['open', 'closed']);
  expect(n).toBe(10);
  expect(await service.lookup(['dnc', 'litigator'], person(99))).toMatchObject([
    { answer: 'unavailable' },
    { answer: 'clear' },
  ]);
});

test('a kept connection that the provider ended is replaced', async () => {
  const service = open();
  await service.lookup(['dnc'], person(1));
  provider.cut();
  expect(await service.lookup(['dnc'], person(2))).toMatchObject([{ answer: 'clear' }]);
  expect(service.stats.providers[0]?.failures).toMatchObject({ connection: 0 });
});

test('no more questions are under way than the provider bears, and what does not fit is no fault of its', async () => {
  const held: ServerResponse[] = [];
  provider.answer = (_asked, response) => held.push(response);
  const service = open([dnc({ maxConcurrent: 2 })]);
  const all = Array.from({ length: 7 }, (_, n) => service.lookup(['dnc'], person(n)));
  await until('two questions', () => held.length === 2);
  // Two wait in turn; three were sent away.
  expect(service.stats.providers[0]).toMatchObject({ pending: 2, failures: { too_many: 3 } });
  held.splice(0).forEach((response) => response.end('{"listed":false}'));
  await until('the next two', () => held.length === 2);
  held.splice(0).forEach((response) => response.end('{"listed":false}'));
  const facts = await Promise.all(all);
  expect(facts.filter(([fact]) => fact?.answer === 'clear')).toHaveLength(4);
  expect(service.stats).toMatchObject({ pending: 0, providers: [{ circuit: 'closed', pending: 0 }] });
});

test('closing ends what is under way', async () => {
  provider.answer = () => undefined;
  const service = open();
  const asked = service.lookup(['dnc'], NUMBER);
  await until('the question', () => provider.asked.length === 1);
  service.close();
  expect(await asked).toMatchObject([{ answer: 'unavailable' }]);
});

test('settings that cannot work are refused at the start', () => {
  const wrong: [ProviderSettings[], Record<string, string>][] = [
    [[dnc({ headers: { 'X-Key': '{secret}' }, secretEnv: 'MISSING' })], {}],
    [[dnc({ headers: { 'X-Key': '{secret}' }, secretEnv: 'KEY' })], { KEY: '' }],
    [[dnc(), dnc()], {}],
    [[dnc({ url: 'http://127.0.0.1/scrub' })], {}],
    [Array.from({ length: 33 }, (_, n) => dnc({ name: String(n) })), {}],
  ];
  for (const [providers, secrets] of wrong) expect(() => open(providers, {}, secrets)).toThrow(RangeError);
});
