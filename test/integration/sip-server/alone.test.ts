import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Srf from 'drachtio-srf';
import type { Program } from '../../e2e/support/processes';
import { freePort, startProgram } from '../../e2e/support/processes';
import { until } from '../../support/until';
import { HOST, Leg, SDP, SECRET, UdpPeer } from './support';

const CLI = join(process.cwd(), 'dist/cli.js');

let folder: string;
let program: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dce-sip-server-'));
});
afterEach(async () => {
  await program?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(sipPort: number, controlPort: number): Program {
  const { PATH, HOME } = process.env;
  program = startProgram(process.execPath, [CLI, 'sip-server', '--control', `${HOST}:${controlPort}`], {
    cwd: folder,
    env: {
      PATH,
      HOME,
      DCE_SIP_LISTEN: `udp:${HOST}:${sipPort},tcp:${HOST}:${sipPort}`,
      DCE_SIP_DRACHTIO_SECRET: SECRET,
    },
  });
  return program;
}

test('dce sip-server serves an application, and hangs up when it is told to end', async () => {
  const [sipPort, controlPort] = [await freePort(), await freePort()];
  const server = start(sipPort, controlPort);
  await until('it listens', () => server.output().includes('the SIP server listens'));
  const srf = new Srf();
  srf.on('error', () => undefined);
  srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP }));
  const connected = new Promise<void>((resolve) => srf.on('connect', () => resolve()));
  void srf.connect({ host: HOST, port: controlPort, secret: SECRET });
  await connected;
  const peer = await UdpPeer.open(sipPort);
  const caller = Leg.caller(peer);
  caller.invite();
  caller.ack(await peer.response(200));
  const ended = server.stop('SIGTERM');
  const bye = await peer.request('BYE');
  srf.disconnect();
  caller.answer(bye, 200);
  await ended;
  expect(await server.exited).toBe(0);
  peer.close();
});

test('a port that somebody has is named in one line', async () => {
  const other = await UdpPeer.open(0);
  const server = start(other.port, await freePort());
  expect(await server.exited).toBe(1);
  const lines = server.output().trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`cannot listen on udp ${HOST}:${other.port}: another program has that port`);
  other.close();
});
