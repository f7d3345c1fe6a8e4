import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type Srf from 'drachtio-srf';
import { until } from '../../support/until';
import { benches, HOST, Leg, SDP } from './support';

const start = benches();
let phone: ChildProcess;
let said: string[];

function startPhone(url: string): void {
  said = [];
  phone = spawn(process.execPath, [join(__dirname, 'support/sip-js-phone.mjs'), url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  phone.stdout?.setEncoding('utf8');
  phone.stdout?.on('data', (text: string) => said.push(...text.trim().split('\n')));
}

const says = (line: string, times = 1): Promise<void> =>
  until(`${times} ${line}`, () => said.filter((one) => one === line).length >= times);

afterEach(async () => {
  const ended = new Promise((resolve) => phone.once('exit', resolve));
  phone.stdin?.end();
  await ended;
});

test('a phone of sip.js registers, is called, calls, and keeps its call over a new connection', async () => {
  const bench = await start({
    listen: [
      { protocol: 'udp', address: HOST, port: 0 },
      { protocol: 'ws', address: HOST, port: 0 },
    ],
  });
  let contact = '';
  let flow = '';
  let registered = 0;
  const calls: { uac: Srf.Dialog; uas: Srf.Dialog }[] = [];
  const incoming: Srf.Dialog[] = [];
  await bench.application((srf) => {
    srf.use('register', (req, res) => {
      registered++;
      flow = `sip:${req.source_address}:${req.source_port};transport=${req.protocol}`;
      contact = /<([^>]*)>/.exec(req.get('Contact'))?.[1] ?? '';
      res.send(200, { headers: { Contact: `<${contact}>;expires=600` } });
    });
    srf.invite((req, res) => {
      if (req.protocol === 'ws') {
        void srf.createUAS(req, res, { localSdp: SDP }).then((dialog) => incoming.push(dialog));
      } else {
        void srf.createB2BUA(req, res, contact, { proxy: flow }).then((call) => calls.push(call));
      }
    });
  });
  startPhone(`ws://${HOST}:${bench.port('ws')}`);
  await says('Registered');
  expect(registered).toBe(1);
  expect(contact).toContain('.invalid;transport=ws');

  const carrier = await bench.udpPeer();
  const caller = Leg.caller(carrier);
  caller.invite();
  caller.ack(await carrier.response(200));
  await says('Established');
  await until('the call stands', () => calls.length === 1);
  const modified = new Promise<void>((resolve) =>
    calls[0]?.uac.on('modify', (_req, res) => {
      res.send(200, { body: SDP } as never);
      resolve();
    }),
  );
  phone.stdin?.write('reconnect\n');
  await says('connected', 2);
  await modified;
  void calls[0]?.uac.destroy();
  await says('over');
  void calls[0]?.uas.destroy();
  caller.answer(await carrier.request('BYE'), 200);

  phone.stdin?.write('call sip:+12125550100@dce.invalid\n');
  await says('Established', 2);
  await until('the call stands', () => incoming.length === 1);
  const ended = new Promise((resolve) => incoming[0]?.on('destroy', resolve));
  phone.stdin?.write('bye\n');
  await ended;
  await says('over', 2);
});
