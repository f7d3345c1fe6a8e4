import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import Srf from 'drachtio-srf';
import type { RegisteredFlow, SipServerReady } from '../../../src/sip-server';
import { SipServerSupervisor } from '../../../src/sip-server';
import type { SupervisorTimes } from '../../../src/sip-server/supervisor';
import type { Program } from '../../e2e/support/processes';
import { startProgram } from '../../e2e/support/processes';
import { until } from '../../support/until';
import { CompiledServer } from './compiled';
import { HOST, Leg, SDP, SECRET, TcpPeer, TIMERS, UdpPeer } from './support';

const QUICK: Partial<SupervisorTimes> = { firstRetryMs: 20, stopTimeoutMs: 1_000 };
const OPTIONS = {
  listen: [
    { protocol: 'tcp' as const, address: HOST, port: 0 },
    { protocol: 'udp' as const, address: HOST, port: 0 },
  ],
  control: { host: HOST, port: 0, secret: SECRET },
  timers: TIMERS,
};

let compiled: CompiledServer;
const log: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] = [];
const closers: (() => unknown)[] = [];

beforeAll(() => {
  compiled = new CompiledServer();
});
afterAll(() => compiled.remove());
beforeEach(() => {
  log.length = 0;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function supervise(
  times: Partial<SupervisorTimes> = QUICK,
  options: Partial<typeof OPTIONS> = {},
  main = compiled.path('main.js'),
): SipServerSupervisor {
  const supervisor = new SipServerSupervisor(
    { ...OPTIONS, ...options },
    (level, message, fields) => log.push({ level, message, fields }),
    main,
    times,
  );
  closers.push(() => supervisor.stop());
  return supervisor;
}

interface Application {
  connected: number;
  lost: number;
  ended: number;
  /** To be said while it is connected: else it goes on trying. */
  leave(): void;
}

/** An application that answers every call and grants every REGISTER; counts its connections, those lost, and calls that ended. */
async function application(controlPort: number): Promise<Application> {
  const srf = new Srf();
  let left = false;
  const counts: Application = {
    connected: 0,
    lost: 0,
    ended: 0,
    leave: () => {
      if (!left) srf.disconnect();
      left = true;
    },
  };
  srf.invite((req, res) => {
    // Not by a promise: a BYE that comes in the same packet would be heard before its reaction runs.
    srf.createUAS(req, res, { localSdp: SDP }, (error, dialog) => {
      if (!error) dialog.on('destroy', () => counts.ended++);
    });
  });
  srf.use('register', (_req, res) => void res.send(200));
  srf.on('connect', (error) => (error ? undefined : counts.connected++));
  srf.on('error', () => undefined);
  (srf as unknown as NodeJS.EventEmitter).on('close', () => counts.lost++);
  void srf.connect({ host: HOST, port: controlPort, secret: SECRET });
  closers.push(counts.leave);
  await until('the application is connected', () => counts.connected > 0);
  return counts;
}

function portOf({ listening }: SipServerReady, protocol: string): number {
  return Number(
    listening
      .find((name) => name.startsWith(`${protocol}/`))
      ?.split(':')
      .pop(),
  );
}

async function peerOf(port: number): Promise<UdpPeer> {
  const peer = await UdpPeer.open(port);
  closers.push(() => peer.close());
  return peer;
}

/** A call that the application answers. */
async function call(peer: UdpPeer): Promise<Leg> {
  const caller = Leg.caller(peer);
  caller.invite();
  caller.ack(await peer.response(200));
  return caller;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a server that is killed', () => {
  test('comes back on the same ports; its calls are gone, the application connects again', async () => {
    const supervisor = supervise();
    const ready = await supervisor.start();
    const counts = await application(ready.controlPort);
    const a = await peerOf(portOf(ready, 'udp'));
    const caller = await call(a);
    const first = supervisor.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until('the application sees its connection go', () => counts.lost === 1);
    await until('another server', () => supervisor.pid !== first && counts.connected === 2);
    expect(isAlive(first)).toBe(false);
    expect(supervisor.restarts).toBe(1);
    expect(log.filter(({ level }) => level === 'warn').map(({ fields }) => fields)).toEqual([
      { why: 'SIGKILL', inMs: 20, times: 1 },
    ]);
    caller.request('BYE');
    await a.response(481, 'BYE');
    const next = await call(a);
    next.request('BYE');
    await a.response(200, 'BYE');
    await until('the application hears of the end', () => counts.ended === 1);
  });

  test('still admits only those who were admitted', async () => {
    const supervisor = supervise();
    supervisor.admit(['192.0.2.1', '198.51.100.0/24', '2001:db8::/32']);
    const ready = await supervisor.start();
    const a = await peerOf(portOf(ready, 'udp'));
    const dropsOne = async (): Promise<void> => {
      await until('one dropped', async () => {
        Leg.caller(a).request('OPTIONS');
        return ((await supervisor.stats())?.stats.dropped ?? 0) > 0;
      });
    };
    await dropsOne();
    const first = supervisor.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until('another server', () => supervisor.pid !== first);
    await dropsOne();
    expect(a.seen).toEqual([]);
    for (const sources of [[HOST], undefined]) {
      supervisor.admit(sources);
      // What is said to the server is heard in order.
      await supervisor.stats();
      Leg.caller(a).request('OPTIONS');
      await a.response(503, 'OPTIONS');
    }
  });
});

describe('connections by which phones registered', () => {
  async function registered(ready: SipServerReady): Promise<TcpPeer> {
    const phone = await TcpPeer.connect(portOf(ready, 'tcp'));
    closers.push(() => phone.close());
    // The server may not know yet who answers it.
    await until('its registration is granted', () => {
      Leg.caller(phone).request('REGISTER');
      return phone.count('200') > 0;
    });
    return phone;
  }

  test('are told of when they close, and all of them when the server dies', async () => {
    const supervisor = supervise();
    const closed: RegisteredFlow[] = [];
    supervisor.onFlowsClosed((flows) => closed.push(...flows));
    const ready = await supervisor.start();
    const counts = await application(ready.controlPort);
    const [first, second] = [await registered(ready), await registered(ready)];
    second.close();
    await until('the end of one is told', () => closed.length === 1);
    process.kill(supervisor.pid ?? 0, 'SIGKILL');
    await until('the end of the other, too', () => closed.length === 2);
    expect(closed).toEqual([second, first].map(({ port }) => ({ transport: 'tcp', address: HOST, port })));
    await until('the application is back', () => counts.connected === 2);
  });

  test('are not told of when the server is stopped', async () => {
    const supervisor = supervise();
    const closed: RegisteredFlow[] = [];
    supervisor.onFlowsClosed((flows) => closed.push(...flows));
    const ready = await supervisor.start();
    const app = await application(ready.controlPort);
    const [, second] = [await registered(ready), await registered(ready)];
    second.close();
    await until('the end of one is told', () => closed.length === 1);
    app.leave();
    await supervisor.stop();
    expect(closed).toHaveLength(1);
  });
});

test('a server that dies again and again is started at growing intervals, and each time is reported', async () => {
  const main = compiled.path('dies.js');
  writeFileSync(
    main,
    `process.on('message', (m) => m.type === 'start' && process.send({ type: 'ready', listening: [], controlPort: 1 }, () => process.exit(3)));`,
  );
  const supervisor = supervise({ firstRetryMs: 10, maxRetryMs: 60 }, { listen: [] }, main);
  await supervisor.start();
  await until('six restarts', () => log.length >= 6);
  expect(log.slice(0, 6).map(({ fields }) => fields)).toEqual(
    [10, 20, 40, 60, 60, 60].map((inMs, i) => ({ why: 'code 3', inMs, times: i + 1 })),
  );
  await supervisor.stop();
  const { restarts } = supervisor;
  const pid = supervisor.pid ?? 0;
  await until('its last server is gone', () => !isAlive(pid));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(supervisor.restarts).toBe(restarts);
});

describe('a server that hangs', () => {
  test('has no statistics, and is stopped all the same', async () => {
    const supervisor = supervise({ statsTimeoutMs: 100, stopTimeoutMs: 200 });
    await supervisor.start();
    expect((await supervisor.stats())?.stats.dialogs).toBe(0);
    const pid = supervisor.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    expect(await supervisor.stats()).toBeUndefined();
    await supervisor.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await supervisor.stats()).toBeUndefined();
  });

  test('is killed and started again', async () => {
    const supervisor = supervise({ ...QUICK, heartbeatMs: 100, statsTimeoutMs: 100 });
    await supervisor.start();
    const pid = supervisor.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    await until('another server', () => supervisor.pid !== pid);
    expect(log.map(({ message }) => message)).toContain('the SIP server does not answer and is killed');
    await until('it answers', async () => (await supervisor.stats()) !== undefined);
  });
});

describe('ports that cannot be had', () => {
  test('taken by somebody else: one line that says which', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, HOST, resolve));
    closers.push(() => other.close());
    const { port } = other.address();
    const supervisor = supervise(
      { firstRetryMs: 1 },
      { listen: [{ protocol: 'udp' as never, address: HOST, port }] },
    );
    await expect(supervisor.start()).rejects.toThrow(
      new Error(`cannot listen on udp ${HOST}:${port}: another program has that port`),
    );
    const pid = supervisor.pid ?? 0;
    await until('no process is left', () => !isAlive(pid));
  });

  test('let go in time by somebody who was leaving: nobody notices', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, HOST, resolve));
    const { port } = other.address();
    const supervisor = supervise(
      { firstRetryMs: 100 },
      { listen: [{ protocol: 'udp' as never, address: HOST, port }] },
    );
    const started = supervisor.start();
    setTimeout(() => other.close(), 300);
    expect((await started).listening).toEqual([`udp/${HOST}:${port}`]);
  });

  test('an address that is not ours: said at once', async () => {
    const supervisor = supervise(
      { firstRetryMs: 60_000 },
      { listen: [{ protocol: 'udp' as never, address: '192.0.2.1', port: 0 }] },
    );
    await expect(supervisor.start()).rejects.toThrow(
      /^cannot listen on udp 192\.0\.2\.1:0: this machine has no/,
    );
  });
});

describe('the end', () => {
  test('stop() hangs up what is up', async () => {
    const supervisor = supervise();
    const ready = await supervisor.start();
    const app = await application(ready.controlPort);
    const a = await peerOf(portOf(ready, 'udp'));
    const caller = await call(a);
    const pid = supervisor.pid ?? 0;
    const stopped = supervisor.stop();
    const bye = await a.request('BYE');
    app.leave();
    caller.answer(bye, 200);
    await stopped;
    expect(isAlive(pid)).toBe(false);
    expect(log).toEqual([]);
  });

  test('a parent that is killed takes the server with it, and its calls are hung up', async () => {
    const script = compiled.path('parent.js');
    writeFileSync(
      script,
      `const { SipServerSupervisor } = require('./supervisor.js');
       const supervisor = new SipServerSupervisor(${JSON.stringify(OPTIONS)}, () => undefined);
       supervisor.start().then((ready) => console.log(JSON.stringify({ ...ready, pid: supervisor.pid })));`,
    );
    const parent: Program = startProgram(process.execPath, [script]);
    closers.push(() => parent.stop('SIGKILL'));
    await until('it says where it listens', () => parent.output().includes('\n'));
    const ready = JSON.parse(parent.output()) as SipServerReady & { pid: number };
    const app = await application(ready.controlPort);
    const a = await peerOf(portOf(ready, 'udp'));
    const caller = await call(a);
    await parent.stop('SIGKILL');
    const bye = await a.request('BYE');
    app.leave();
    caller.answer(bye, 200);
    await until('the server is gone', () => !isAlive(ready.pid));
  });
});
