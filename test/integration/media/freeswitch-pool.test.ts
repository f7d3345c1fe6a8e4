import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MediaSession } from '../../../src/media';
import { MediaUnavailable } from '../../../src/media';
import { EventSocket, MAX_COMMANDS } from '../../../src/media/freeswitch/event-socket';
import type { FreeswitchOptions } from '../../../src/media/freeswitch/freeswitch-engine';
import { FreeswitchEngine } from '../../../src/media/freeswitch/freeswitch-engine';
import { EventSocketStandIn } from '../../support/event-socket-stand-in';
import { until } from '../../support/until';
import { sdpOf } from './harness';

const HOST = '127.0.0.1';
const SECRET = 'stand-in-secret';
const TIMING = { checkMs: 30, timeoutMs: 1_500, retryMs: 20, maxRetryMs: 100 };
const offer = (codecs = '0 8 101'): string =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP ${codecs}\r\n` +
  'a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n';

const spoolDir = mkdtempSync(join(tmpdir(), 'dce-freeswitch-pool-'));
const standIns: EventSocketStandIn[] = [];
const engines: FreeswitchEngine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const standIn of standIns.splice(0)) await standIn.kill();
});
afterAll(() => rmSync(spoolDir, { recursive: true, force: true }));

async function standIn(): Promise<EventSocketStandIn> {
  const started = await EventSocketStandIn.start(SECRET);
  standIns.push(started);
  return started;
}

async function engineOn(
  servers: readonly EventSocketStandIn[],
  options: Partial<FreeswitchOptions> = {},
): Promise<FreeswitchEngine> {
  const engine = await FreeswitchEngine.start({
    servers: servers.map(({ port }) => ({ host: HOST, port, secret: SECRET, listenAddress: HOST })),
    srf: EventSocketStandIn.srf(servers),
    spoolDir,
    prompts: { names: () => new Set(), octets: () => undefined },
    promptsDir: '/prompts',
    rtpTimeoutMs: 1_000,
    timing: TIMING,
    ...options,
  });
  engines.push(engine);
  return engine;
}

interface Heard {
  readonly session: MediaSession;
  readonly lost: string[];
  readonly silent: string[];
}

function call(engine: FreeswitchEngine): Heard {
  const [lost, silent]: [string[], string[]] = [[], []];
  const session = engine.openSession('call', {
    onMediaLost: (reason) => lost.push(reason),
    onRtpTimeout: (role) => silent.push(role),
  });
  return { session, lost, silent };
}

const stateOf = (engine: FreeswitchEngine, index = 0): string | undefined => engine.servers[index]?.state;

describe('the event socket', () => {
  const open = (server: EventSocketStandIn, secret = SECRET, timeoutMs = 1_000): Promise<EventSocket> =>
    EventSocket.open({ host: HOST, port: server.port, secret, timeoutMs });

  test('refuses a wrong secret, and is not asked again', async () => {
    const server = await standIn();
    await expect(open(server, 'wrong')).rejects.toThrow('refused the secret');
    expect(server.connections).toBe(1);
  });

  test('of nobody is told as such, once', async () => {
    const server = await standIn();
    await server.kill();
    await expect(open(server)).rejects.toThrow('ECONNREFUSED');
  });

  test('answers commands in order; one without an answer fails, and the others do not', async () => {
    const server = await standIn();
    server.mute = /^lost/;
    const socket = await open(server, SECRET, 100);
    await expect(socket.command('lost')).rejects.toThrow('no answer to lost');
    socket.close();
    await expect(socket.command('status')).rejects.toThrow('closed');
  });

  test('takes so many commands at once and no more; all of them fail when it ends', async () => {
    const server = await standIn();
    server.mute = /./;
    const socket = await open(server);
    const ends: string[] = [];
    socket.onEnd((error) => ends.push(error.message));
    const waiting = Array.from({ length: MAX_COMMANDS }, (_, index) => socket.command(`wait ${index}`));
    const failed = Promise.allSettled(waiting);
    await expect(socket.command('one more')).rejects.toThrow(`${MAX_COMMANDS} commands`);
    server.dropControl();
    const outcomes = await failed;
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await until('the end', () => ends.length === 1);
  });
});

describe('the pool', () => {
  test('gives a call to the server that does least, and all its legs to that one', async () => {
    const [busy, idle] = [await standIn(), await standIn()];
    busy.sessions = 50;
    idle.sessions = 10;
    const engine = await engineOn([busy, idle]);
    const { session } = call(engine);
    await session.createLeg('caller');
    await session.createLeg('buyer');
    expect([busy.channels, idle.channels]).toEqual([0, 2]);
    expect(engine.stats()).toEqual({ sessions: 1, legs: 2, ports: 2 });
    session.close();
    await until('the channels are gone', () => idle.channels === 0);
    expect(idle.commands.filter((command) => command.startsWith('uuid_kill'))).toHaveLength(2);
  });

  test('calls that come between two looks are spread', async () => {
    const servers = [await standIn(), await standIn()];
    const engine = await engineOn(servers, { timing: { ...TIMING, checkMs: 60_000 } });
    await Promise.all(Array.from({ length: 6 }, () => call(engine).session.createLeg('caller')));
    expect(servers.map(({ channels }) => channels)).toEqual([3, 3]);
  });

  test.each<[string, (server: EventSocketStandIn) => void]>([
    ['refuses', (server) => (server.invites = 'refuse')],
    ['does not answer', (server) => (server.invites = 'ignore')],
  ])('a server that %s the call: the next one takes it', async (_what, break_) => {
    const [first, second] = [await standIn(), await standIn()];
    second.sessions = 10;
    break_(first);
    const engine = await engineOn([first, second], { timing: { ...TIMING, timeoutMs: 300 } });
    const { session } = call(engine);
    await session.createLeg('caller');
    expect([first.channels, second.channels]).toEqual([0, 1]);
  });

  test.each<[string, (server: EventSocketStandIn) => void, string]>([
    ['is paused', (server) => (server.paused = true), 'draining'],
    ['is full', (server) => (server.sessions = server.maxSessions), 'up'],
    ['has no profile for us', (server) => (server.profile = 'internal'), 'down'],
  ])('a server that %s gets no calls', async (_what, make, state) => {
    const server = await standIn();
    make(server);
    const engine = await engineOn([server]);
    expect(stateOf(engine)).toBe(state);
    await expect(call(engine).session.createLeg('caller')).rejects.toThrow(MediaUnavailable);
    expect(engine.stats().legs).toBe(0);
  });

  test('what it did is counted by server: legs, timeouts, failovers', async () => {
    const [first, second] = [await standIn(), await standIn()];
    second.sessions = 10;
    first.invites = 'ignore';
    const engine = await engineOn([first, second], {
      timing: { ...TIMING, checkMs: 60_000, timeoutMs: 200 },
    });
    const { session } = call(engine);
    const leg = await session.createLeg('caller');
    second.mute = /^uuid_break/;
    const playing = await session.play(leg, 'ringback');
    playing.stop();
    await until('the command to be given up', () => engine.servers[1]?.timeouts === 1);
    const [name, next] = [first, second].map(({ port }) => `${HOST}:${port}`);
    expect(engine.servers).toEqual([
      { name, state: 'up', legs: 1, maxLegs: 100, reconnects: 0, timeouts: 1, failovers: 1 },
      { name: next, state: 'up', legs: 11, maxLegs: 100, reconnects: 0, timeouts: 1, failovers: 0 },
    ]);
  });

  test('the last one that does not take a call hands it on to nobody', async () => {
    const server = await standIn();
    server.invites = 'refuse';
    const engine = await engineOn([server]);
    await expect(call(engine).session.createLeg('caller')).rejects.toThrow('503');
    expect(engine.servers[0]?.failovers).toBe(0);
  });

  test('one that is paused keeps its calls, and takes new ones again afterwards', async () => {
    const server = await standIn();
    const engine = await engineOn([server]);
    const { session, lost } = call(engine);
    await session.createLeg('caller');
    server.paused = true;
    await until('it drains', () => stateOf(engine) === 'draining');
    await session.createLeg('buyer');
    await expect(call(engine).session.createLeg('caller')).rejects.toThrow(MediaUnavailable);
    server.paused = false;
    await until('it is up', () => stateOf(engine) === 'up');
    await call(engine).session.createLeg('caller');
    expect(lost).toEqual([]);
  });

  test('a server that is killed: its calls are told, once; others go on; it heals', async () => {
    const told: string[] = [];
    const [first, second] = [await standIn(), await standIn()];
    second.sessions = 10;
    const engine = await engineOn([first, second], {
      onServer: (_server, state) => told.push(state),
    });
    const dead = call(engine);
    const leg = await dead.session.createLeg('caller');
    await dead.session.createLeg('buyer');
    first.sessions = 20;
    await until('the load is known', () => (engine.servers[0]?.legs ?? 0) > 15);
    const alive = call(engine);
    await alive.session.createLeg('caller');
    expect([first.channels, second.channels]).toEqual([2, 1]);

    await first.kill();
    await until('it is told', () => dead.lost.length > 0 && stateOf(engine) === 'down');
    expect([dead.lost.length, alive.lost.length]).toEqual([1, 0]);
    expect(sdpProblem(leg.createOffer())).toBe('lost');
    expect(engine.stats()).toEqual({ sessions: 1, legs: 1, ports: 1 });
    const next = call(engine);
    await next.session.createLeg('caller');
    expect(second.channels).toBe(2);

    // It is looked for at a pace, not as fast as can be.
    const before = first.connections;
    await first.listen();
    first.sessions = 0;
    await until('it is back', () => stateOf(engine) === 'up');
    expect(first.connections - before).toBe(1);
    await call(engine).session.createLeg('caller');
    expect(first.channels).toBe(1);
    expect(told.slice(2)).toEqual(['down', 'up']);
  });

  test('the control connection alone is lost: calls go on, and it comes back', async () => {
    const server = await standIn();
    const engine = await engineOn([server]);
    const { session, lost } = call(engine);
    await session.createLeg('caller');
    const before = server.connections;
    server.dropControl();
    await until('it is connected again', () => server.connections > before && stateOf(engine) === 'up');
    await session.createLeg('buyer');
    expect([lost, server.channels]).toEqual([[], 2]);
    expect(engine.servers[0]?.reconnects).toBe(1);
  });

  test('another process under the same address: calls of the one before are told', async () => {
    const server = await standIn();
    const engine = await engineOn([server]);
    const { session, lost } = call(engine);
    await session.createLeg('caller');
    server.core = 'another';
    server.dropControl();
    await until('it is told', () => lost.length === 1);
    expect(lost).toEqual(['the media server was started again']);
  });

  test('a server that answers nothing any more is given up, and so are its calls', async () => {
    const server = await standIn();
    const engine = await engineOn([server], { timing: { ...TIMING, timeoutMs: 300 }, lookEveryMs: 50 });
    const { session, lost } = call(engine);
    const leg = await session.createLeg('caller');
    sdpOf(leg.receiveOffer(offer()));
    sdpOf(await leg.createAnswer());
    server.mute = /./;
    await until('both are told', () => stateOf(engine) === 'down' && lost.length === 1);
    expect(lost).toEqual(['the media server does not answer']);
  });

  test('without any server up, that is said by type, and told from the beginning', async () => {
    const told: string[] = [];
    const server = await standIn();
    await server.kill();
    const engine = await engineOn([server], { onServer: (_server, state) => told.push(state) });
    expect(told).toEqual(['down']);
    await expect(call(engine).session.createLeg('caller')).rejects.toThrow(MediaUnavailable);
  });
});

describe('a leg', () => {
  test('is told to FreeSWITCH with the one codec that is used; what the other has goes first', async () => {
    const server = await standIn();
    const engine = await engineOn([server]);
    const { session } = call(engine);
    const caller = await session.createLeg('caller');
    sdpOf(caller.receiveOffer(offer('8 0 111 101')));
    const buyer = await session.createLeg('buyer');
    expect(/^m=audio \d+ RTP\/AVP (.*)$/m.exec(sdpOf(buyer.createOffer()))?.[1]).toBe('8 0 111 9 101 110');
    // The buyer takes Opus: so does the caller, who has it too, and nothing is turned into another.
    sdpOf(await buyer.applyAnswer(offer('111 101')));
    const answer = sdpOf(await caller.createAnswer());
    expect(/^m=audio \d+ RTP\/AVP (.*)$/m.exec(answer)?.[1]).toBe('111 101');
    const told = server.commands.filter((command) => command.startsWith('re-INVITE'));
    expect(told.map((sdp) => /^m=audio \d+ RTP\/AVP (.*)$/m.exec(sdp)?.[1]?.trim())).toEqual([
      '111 101',
      '111 101',
    ]);
    // The same again is no news to it: a 200 repeats what a 183 said.
    sdpOf(await buyer.applyAnswer(offer('111 101')));
    expect(await caller.createAnswer()).toEqual({ ok: true, sdp: answer });
    expect(server.commands.filter((command) => command.startsWith('re-INVITE'))).toHaveLength(2);
  });

  test('speaks G.711 with one and Opus with the other', async () => {
    const server = await standIn();
    const engine = await engineOn([server]);
    const { session } = call(engine);
    const caller = await session.createLeg('caller');
    sdpOf(caller.receiveOffer(offer('0 101')));
    const buyer = await session.createLeg('buyer');
    sdpOf(buyer.createOffer());
    sdpOf(await buyer.applyAnswer(offer('111')));
    expect(sdpOf(await caller.createAnswer())).toContain('RTP/AVP 0 101');
  });

  test.each<[string, string, string]>([
    ['nonsense', 'x', 'malformed'],
    ['no audio', 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\n', 'no_audio'],
    ['no codec of ours', offer('18'), 'no_common_codec'],
    ['encrypted audio', offer().replace('RTP/AVP', 'RTP/SAVP'), 'unsupported_transport'],
    ['the other IP family', offer().replaceAll('IP4 192.0.2.7', 'IP6 2001:db8::1'), 'unsupported_transport'],
  ])('%s is refused by name', async (_what, sdp, reason) => {
    const engine = await engineOn([await standIn()]);
    const leg = await call(engine).session.createLeg('caller');
    expect(leg.receiveOffer(sdp)).toEqual({ ok: false, reason });
  });

  test('a browser has none here', async () => {
    const engine = await engineOn([await standIn()]);
    await expect(call(engine).session.createLeg('buyer', { transport: 'webrtc' })).rejects.toThrow(
      MediaUnavailable,
    );
  });
});

function sdpProblem(
  result: ReturnType<Awaited<ReturnType<MediaSession['createLeg']>>['createOffer']>,
): string {
  return result.ok ? 'none' : result.reason;
}
