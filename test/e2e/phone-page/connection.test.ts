import { once } from 'node:events';
import { until } from '../../support/until';
import { CALLER_HZ, CARD, MICROPHONE_HZ, PageBench } from './support/bench';
import { AGENT, AGENT_PASSWORD } from './support/exchange-stand-in';
import type { Answer } from './support/exchange-stand-in';
import { headerOf } from './support/sip-text';

const bench = new PageBench();
beforeAll(() => bench.open());
beforeEach(() => bench.begin());
afterEach(() => bench.end());
afterAll(() => bench.close());

const ufragOf = (sdp: string) => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];

it('comes back by itself and says so', async () => {
  const phone = await bench.phone();
  bench.exchange.switch.admits = false;
  bench.exchange.switch.drop();
  await phone.says('banner-connection', /Reconnecting/);
  bench.exchange.switch.admits = true;
  await phone.isOnline();
  await phone.lacks('banner-connection');
  await until('the second registration', () => bench.exchange.switch.registrations >= 2);
});

it('keeps a call whose connection was lost, on the new one, with new ICE credentials', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  const negotiated = once(call, 'renegotiated') as Promise<[string]>;
  await phone.click('hold');
  const [before] = await negotiated;
  const restarted = once(call, 'renegotiated') as Promise<[string]>;
  call.refusals.push(491);
  bench.exchange.switch.admits = false;
  bench.exchange.switch.drop();
  await phone.isIn(/^restoring$/);
  bench.exchange.switch.admits = true;
  const [after] = await restarted;
  expect(ufragOf(after)).not.toBe(ufragOf(before));
  await phone.isIn(/^held$/);
  await phone.click('hold');
  await phone.isIn(/^talking$/);
  await call.media.hears(MICROPHONE_HZ);
  await phone.hears(CALLER_HZ);
});

it('ends a call that the switch does not know any more', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  call.refusals.push(481);
  bench.exchange.switch.drop();
  await phone.isIn(/^ended-lost$/);
});

it('tells the switch of a hang-up as soon as it can', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  bench.exchange.switch.admits = false;
  bench.exchange.switch.drop();
  await phone.isIn(/^restoring$/);
  await phone.click('hang-up');
  await phone.isIn(/^ended-agent$/);
  bench.exchange.switch.admits = true;
  await until('the BYE', () => call.ended);
});

it('tells the switch again of a hang-up that was lost on the way', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  bench.exchange.switch.loseWhatComes();
  await phone.click('hang-up');
  await phone.isIn(/^ended-agent$/);
  expect(call.ended).toBe(false);
  bench.exchange.switch.drop();
  await until('the BYE', () => call.ended);
});

it('asks again while the switch still waits for something on the connection that was lost', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  const restarted = once(call, 'renegotiated');
  call.refusals.push(500, 500);
  bench.exchange.switch.drop();
  await restarted;
  expect(call.refusals).toEqual([]);
  await phone.isIn(/^talking$/);
});

it('looks for its way with the servers that the exchange names then', async () => {
  const phone = await bench.phone();
  await phone.page.evaluate(`
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...all) { super(...all); globalThis.peer = this; }
    };
  `);
  const call = await bench.talk(phone);
  bench.exchange.iceServers = [{ urls: ['stun:127.0.0.1:9'] }];
  const restarted = once(call, 'renegotiated');
  bench.exchange.switch.refusals.push(403);
  bench.exchange.switch.drop();
  await restarted;
  expect(await phone.page.evaluate('globalThis.peer.getConfiguration().iceServers[0].urls')).toEqual([
    'stun:127.0.0.1:9',
  ]);
});

it('stops a call that rings when it loses the connection', async () => {
  const phone = await bench.phone();
  await bench.exchange.switch.call('c1', CARD);
  await phone.rings();
  bench.exchange.switch.drop();
  await phone.isIn(/^ended-lost$/);
});

it('asks for new credentials when they are refused', async () => {
  const phone = await bench.phone();
  const minted = () => bench.exchange.asked.filter(({ path }) => path === '/credentials').length;
  const before = minted();
  bench.exchange.switch.refusals.push(403);
  bench.exchange.switch.drop();
  await until('new credentials', () => minted() > before);
  await phone.isOnline();
});

it('does not take over credentials that came for who was signed in before', async () => {
  const { answers } = bench.exchange;
  const minted = () => bench.exchange.asked.filter(({ path }) => path === '/credentials').length;
  let late = (_: Answer) => {};
  const phone = await bench.phone();
  answers.set('POST /credentials', new Promise<Answer>((resolve) => (late = resolve)));
  const before = minted();
  bench.exchange.switch.refusals.push(403);
  bench.exchange.switch.drop();
  await until('the question', () => minted() === before + 1);
  await phone.click('sign-out');
  await phone.says('sign-in-reason', /signed out/);
  answers.delete('POST /credentials');
  const arrived = phone.page.waitForResponse((response) => response.url().endsWith('/credentials'));
  late({ status: 200, body: { sip: {}, iceServers: [], iceTransportPolicy: 'all' } });
  await arrived;
  await phone.page.type('[data-testid="sign-in-username"]', AGENT.username);
  await phone.page.type('[data-testid="sign-in-password"]', AGENT_PASSWORD);
  await phone.click('sign-in');
  await phone.isOnline();
  expect(minted()).toBe(before + 2);
});

it('goes on by itself when it was loaded while the exchange did not answer', async () => {
  const phone = await bench.phone();
  bench.exchange.answers.set('GET /me', { status: 503, body: {} });
  await phone.page.reload();
  await phone.says('starting', /does not answer/);
  bench.exchange.answers.delete('GET /me');
  await phone.isOnline();
});

it('tells what is wrong with a sign-in, and why one has ended', async () => {
  const page = await bench.browser.newPage();
  await page.goto(bench.exchange.url);
  await page.waitForSelector('[data-testid="sign-in-username"]');
  await page.type('[data-testid="sign-in-username"]', AGENT.username);
  await page.type('[data-testid="sign-in-password"]', 'wrong');
  await page.click('[data-testid="sign-in"]');
  await page.waitForSelector('[data-testid="sign-in-error"]');
  await page.close();
  const phone = await bench.phone();
  bench.exchange.token = 'another';
  await phone.click('status-away');
  await phone.says('sign-in-reason', /session has ended/);
});

it('lets a call be finished when the session has ended, and asks to sign in then', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  bench.exchange.token = 'another';
  await phone.click('status-away');
  await phone.says('notice', /after this call/);
  expect(await phone.state()).toBe('talking');
  call.bye();
  await phone.says('sign-in-reason', /session has ended/);
});

it('is open in one tab at a time', async () => {
  const { switch: exchange } = bench.exchange;
  const first = await bench.phone();
  const second = await bench.tab();
  await second.shows('use-here');
  expect(exchange.registrations).toBe(1);
  await second.click('use-here');
  await first.says('sign-in-reason', /another tab/);
  await second.isOnline();
  await until('the first to be gone', () => exchange.connections === 1);
  // It is one browser, and so one registration: what the first took back the second would not have.
  const expiries = exchange.requests.map((request) => headerOf(request, 'Contact') ?? '');
  expect(expiries.filter((contact) => contact.includes('expires=0'))).toEqual([]);
  await exchange.call('c1', CARD);
  await second.rings();
  expect(await first.has('incoming-card')).toBe(false);
});

it('is neither taken over nor left while somebody is on the line', async () => {
  const first = await bench.phone();
  const call = await bench.talk(first);
  const second = await bench.tab();
  await second.says('talking-elsewhere', /Finish it there/);
  await second.click('use-here');
  await until(
    'the second answer',
    () => bench.exchange.asked.filter(({ path }) => path === '/me').length >= 3,
  );
  await first.page.bringToFront();
  await first.click('sign-out');
  await first.says('notice', /End it first/);
  expect(call.ended).toBe(false);
  await first.click('hang-up');
  await until('the BYE', () => call.ended);
  await second.page.bringToFront();
  await second.click('use-here');
  await second.isOnline();
});

it('lets somebody say after the next sign-in how a call went during which the session ended', async () => {
  const phone = await bench.phone();
  const call = await bench.talk(phone);
  bench.exchange.token = 'another';
  await phone.click('status-away');
  await phone.says('notice', /after this call/);
  call.bye();
  await phone.says('sign-in-reason', /session has ended/);
  await phone.page.type('[data-testid="sign-in-username"]', AGENT.username);
  await phone.page.type('[data-testid="sign-in-password"]', AGENT_PASSWORD);
  await phone.click('sign-in');
  await phone.click('disposition-sale');
  await phone.says('disposition-state', /Saved/);
  expect(await bench.asked('PUT', '/calls/c1/disposition')).toEqual({ code: 'sale' });
});

it('follows what the exchange says of the agent, the queue and the call', async () => {
  const phone = await bench.phone();
  bench.exchange.tell('queue', { teamId: 'team-1', waiting: 2 });
  await phone.says('queue-waiting', /2 callers wait/);
  bench.exchange.become('wrap_up');
  await phone.says('call-state', /Wrapping up/);
  await phone.click('status-away');
  await phone.says('call-state', /away/);
  await bench.talk(phone);
  bench.exchange.tell('quality', { callId: 'c1', legs: { caller: { lossPercent: 3.5 } } });
  await phone.says('quality', /3\.5 %/);
});
