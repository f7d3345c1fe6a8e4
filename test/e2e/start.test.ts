import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { RunFile } from '../../src/start';
import { emptyFolder, prepare } from './support/exchange-folder';
import { freePort, startProgram, until } from './support/processes';

const START = join(process.cwd(), 'scripts/start.mjs');
const START_MS = 60_000;
const GONE_MS = 30_000;

/** `npm start` as npm runs it: a process group of its own, as at a terminal. */
interface Start {
  readonly child: ChildProcess;
  output(): string;
  readonly exited: Promise<number | string>;
}

let dataDir: string;
let sipPort: number;
let running: Start[] = [];

beforeEach(async () => {
  dataDir = emptyFolder();
  sipPort = await freePort();
  running = [];
});

afterEach(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGTERM');
    await exited;
  }
  for (const pid of processes()) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

function start(env: Readonly<Record<string, string>> = {}): Start {
  const mediaPort = 42_000 + Math.floor(Math.random() * 15) * 500;
  const child = spawn(process.execPath, [START], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DCE_DATA_DIR: dataDir,
      DCE_SIP_LISTEN: `udp:127.0.0.1:${sipPort},tcp:127.0.0.1:${sipPort},ws:127.0.0.1:0`,
      DCE_API_PORT: '0',
      DCE_MEDIA_PORT_MIN: String(mediaPort),
      DCE_MEDIA_PORT_MAX: String(mediaPort + 499),
      DCE_LIMITS_DRAIN_MS: '0',
      // The machine is busy with other tests: that is no reason to refuse their calls.
      DCE_LIMITS_MAX_EVENT_LOOP_DELAY_MS: '0',
      DCE_TELEMETRY_LOG_LEVEL: 'info',
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  }
  const exited = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1)),
  );
  const one = { child, output: () => output, exited };
  running.push(one);
  return one;
}

async function opened(one: Start): Promise<RunFile> {
  let over: number | string | undefined;
  void one.exited.then((code) => (over = code));
  await until(
    'the exchange to open',
    () => {
      if (over !== undefined) throw new Error(`it ended with ${over}:\n${one.output()}`);
      return one.output().includes('see it work');
    },
    START_MS,
  );
  return JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunFile;
}

/** What is said to people when it cannot start: everything that is no step. */
async function refusal(one: Start): Promise<string> {
  expect(await one.exited).toBe(1);
  return one
    .output()
    .split('\n')
    .filter((line) => line.startsWith('dce: '))
    .join('\n');
}

/** Every process that works in the data folder (PostgreSQL, Redis) or was started with it (all of ours). */
function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`).startsWith(`${dataDir}/`)) return true;
        const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return variables.includes(`DCE_DATA_DIR=${dataDir}`);
      } catch {
        return false;
      }
    });
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

const nothingIsLeft = (): Promise<void> =>
  until('every process to be gone', () => processes().length === 0, GONE_MS);

const postmaster = (): number =>
  Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
const redisPid = (): number => Number(readFileSync(join(dataDir, 'redis/redis.pid'), 'utf8'));

async function isHealthy({ apiUrl }: RunFile): Promise<boolean> {
  const response = await fetch(`${apiUrl}/health`);
  return response.status === 200;
}

describe('what keeps it from starting is one line that says what to do, and leaves nothing running', () => {
  afterEach(nothingIsLeft);

  test('a SIP port that is taken, UDP', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(sipPort, '127.0.0.1', resolve));
    expect(await refusal(start())).toBe(
      `dce: udp port ${sipPort} on 127.0.0.1 is taken: end the program that has it, or change sip.listen (DCE_SIP_LISTEN)`,
    );
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  });

  test('an API port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await refusal(start({ DCE_API_PORT: String(port) }))).toBe(
      `dce: tcp port ${port} on 127.0.0.1 is taken: end the program that has it, or change api.port (DCE_API_PORT)`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  test.each([
    ['SIP', { DCE_SIP_LISTEN: 'udp:192.0.2.1:5060' }, 'sip.listen (DCE_SIP_LISTEN)'],
    ['audio', { DCE_MEDIA_LISTEN_ADDRESS: '192.0.2.1' }, 'media.listenAddress (DCE_MEDIA_LISTEN_ADDRESS)'],
  ])('an address for %s that is not of this machine', async (_what, env, setting) => {
    expect(await refusal(start(env as Record<string, string>))).toBe(
      `dce: 192.0.2.1 is no address of this machine: change ${setting}`,
    );
  });

  test('a data folder that cannot be made', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    expect(await refusal(start({ DCE_DATA_DIR: join(file, 'data') }))).toBe(
      `dce: ${join(file, 'data')} is no folder, a file is in its place: set DCE_DATA_DIR to another folder`,
    );
  });

  test('settings that are wrong, all at once', async () => {
    const one = start({ DCE_API_PORT: 'eight', DCE_SIP_T1MS: '3' });
    expect(await one.exited).toBe(1);
    expect(one.output()).toContain('DCE_SIP_T1MS: there is no such setting; did you mean DCE_SIP_T1_MS?');
    expect(one.output()).toContain('DCE_API_PORT (api.port):');
  });
});

test('the phone page that it tells of is there, and its user can sign in, the next time as well', async () => {
  const passwords = new Set<string>();
  for (let time = 0; time < 2; time++) {
    const one = start();
    const { apiUrl, phone } = await opened(one);
    await until('the page to be told of', () => one.output().includes('it rings for'));
    expect(one.output()).toContain(`${apiUrl}/phone   (user demo, password ${phone?.password})`);
    expect(await (await fetch(`${apiUrl}/phone`)).text()).toContain('<script type="module"');
    const headers = { 'Content-Type': 'application/json' };
    const signIn = (password: string | undefined): Promise<Response> =>
      fetch(`${apiUrl}/api/v1/phone/sessions`, {
        ...{ method: 'POST', headers },
        body: JSON.stringify({ username: phone?.username, password }),
      });
    expect((await signIn('not the password')).status).toBe(401);
    expect((await signIn(phone?.password)).status).toBe(201);
    passwords.add(phone?.password ?? '');
    one.child.kill('SIGTERM');
    expect(await one.exited).toBe(0);
  }
  expect(passwords.size).toBe(1);
});

test('a second exchange on the same folder is refused, and the first does not notice', async () => {
  const first = start();
  const file = await opened(first);
  const services = [postmaster(), redisPid()];
  expect(await refusal(start())).toBe(
    `dce: an exchange runs on ${dataDir} already (process ${file.pid}): stop it, or set DCE_DATA_DIR to another folder`,
  );
  expect(await isHealthy(file)).toBe(true);
  expect([postmaster(), redisPid()]).toEqual(services);
});

/** Errors that were told, but for answers that came late: that is a busy machine's affair. */
const troubles = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.includes('"level":"error"') && !line.includes('"error":"Command timed out"'));

describe('when told to end, everything that was started is gone', () => {
  test.each([
    ['Ctrl-C, which the whole group hears', -1, 'SIGINT'],
    ['SIGINT to the script alone', 1, 'SIGINT'],
    ['SIGTERM to the script alone', 1, 'SIGTERM'],
    ['a closed terminal', -1, 'SIGHUP'],
  ] as const)('%s', async (_how, whom, signal) => {
    await prepare(dataDir);
    const one = start();
    await opened(one);
    const kinds = processes().map(commandOf).join('\n');
    for (const kind of ['postgres', 'redis-server', 'sip-server', 'mediasoup-worker', 'worker --attached']) {
      expect(kinds).toContain(kind);
    }
    process.kill(whom * (one.child.pid ?? 0), signal);
    expect(await one.exited).toBe(0);
    await nothingIsLeft();
    expect(one.output()).toContain('closing');
    // Nothing was cut off: nothing that we run says that something died, or is away.
    expect(one.output()).not.toContain('died');
    expect(troubles(one.output())).toEqual([]);
  });

  test('Ctrl-C again, while a call is up that would be waited for', async () => {
    await prepare(dataDir);
    // Nobody answers there: the call rings for as long as the demo market lets it.
    const [buyer1, buyer2] = [await freePort(), await freePort()];
    const one = start({
      DCE_LIMITS_DRAIN_MS: '60000',
      DCE_DEMO_BUYER_PORT1: String(buyer1),
      DCE_DEMO_BUYER_PORT2: String(buyer2),
    });
    const { apiUrl, apiKey, number } = await opened(one);
    const caller = startProgram('sipp', [
      ...['-sn', 'uac', '-i', '127.0.0.1', '-s', number, '-m', '1', '-nostdin', `127.0.0.1:${sipPort}`],
    ]);
    await until('the call to be up', async () => {
      const reply = await fetch(`${apiUrl}/api/v1/system/stats`, { headers: { 'X-API-Key': apiKey } });
      return ((await reply.json()) as { calls: number }).calls === 1;
    }).catch((error: unknown) => {
      throw new Error(`no call is up: ${caller.output()}`, { cause: error });
    });
    const group = -(one.child.pid ?? 0);
    process.kill(group, 'SIGINT');
    await until('it to wait for the call', () => one.output().includes('closing'));
    // Longer than an echo of the first.
    await new Promise((wait) => setTimeout(wait, 1_000));
    process.kill(group, 'SIGINT');
    expect(await one.exited).toBe(130);
    await nothingIsLeft();
    await caller.stop('SIGKILL');
  });

  test('Ctrl-C while it starts', async () => {
    const one = start();
    await until(
      'the start to be under way',
      () => one.output().includes('starting a private Redis'),
      START_MS,
    );
    process.kill(-(one.child.pid ?? 0), 'SIGINT');
    const code = await one.exited;
    // With what it said, should it not be well.
    expect({ code, output: one.output() }).toEqual({ code: 0, output: expect.stringContaining('closing') });
    await nothingIsLeft();
    expect(one.output()).not.toContain('The exchange is open');
  });
});

test('what dies of it is said, and started again at the same address', async () => {
  await prepare(dataDir);
  const one = start();
  const file = await opened(one);
  for (const [what, pid] of [
    ['PostgreSQL', postmaster],
    ['Redis', redisPid],
  ] as const) {
    const victim = pid();
    process.kill(victim, 'SIGKILL');
    await until(`${what} to be back`, () => one.output().includes(`the private ${what} is back`), START_MS);
    expect(one.output()).toContain(`the private ${what} is down and is started again`);
    expect(pid()).not.toBe(victim);
  }
  await until('the switch to be whole again', () => isHealthy(file), START_MS);
  const { workerPid = 0 } = file;
  process.kill(workerPid, 'SIGKILL');
  await until(
    'another worker',
    () => processes().some((pid) => pid !== workerPid && commandOf(pid).endsWith('worker --attached')),
    START_MS,
  );
});

test('killed itself, it leaves nothing but its services, and the next start takes those over', async () => {
  const killed = start();
  const { pid } = await opened(killed);
  const services = [postmaster(), redisPid()];
  process.kill(pid, 'SIGKILL');
  await killed.exited;
  const isService = (one: number): boolean =>
    /^(postgres|redis-server|\/.*\/postgres) ?/.test(commandOf(one));
  await until('its own processes to be gone', () => processes().every(isService), GONE_MS);
  expect(existsSync(`/proc/${services[0]}`)).toBe(true);
  const next = start();
  await opened(next);
  expect([postmaster(), redisPid()]).toEqual(services);
  next.child.kill('SIGTERM');
  expect(await next.exited).toBe(0);
  await nothingIsLeft();
});
