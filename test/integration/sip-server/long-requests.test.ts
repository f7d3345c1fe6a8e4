import type { Server } from 'node:net';
import { createServer } from 'node:net';
import type { SipRequest } from '../../../src/sip-server/message';
import { headerValue, StreamFramer, parseMessage } from '../../../src/sip-server/message';
import { freePort } from '../../support/free-port';
import { until } from '../../support/until';
import type { Bench, UdpPeer } from './support';
import { answered, benches, bridgeCalls, HOST, Leg, offered, responseTo } from './support';

const start = benches();
const LONG = { 'X-Long': 'x'.repeat(1_500) };
let bench: Bench;
let a: UdpPeer;
let b: UdpPeer;
let server: Server | undefined;

beforeEach(async () => {
  bench = await start();
  a = await bench.udpPeer();
  // Its port is to be free by TCP as well.
  b = await bench.udpPeer(HOST, await freePort());
});
afterEach(() => {
  server?.close();
  server = undefined;
});

/** The peer `b` takes TCP at the same port; what comes there. */
async function takesTcp(answer?: (request: SipRequest) => string): Promise<SipRequest[]> {
  const seen: SipRequest[] = [];
  const listening = createServer((socket) => {
    const framer = new StreamFramer({
      onMessage: (text) => {
        const parsed = parseMessage(text);
        if (!parsed.ok || parsed.message.kind !== 'request') return;
        seen.push(parsed.message);
        if (answer && parsed.message.method !== 'ACK') socket.write(answer(parsed.message), 'latin1');
      },
      onPing: () => undefined,
      onError: () => undefined,
    });
    socket.on('data', (chunk) => framer.push(chunk));
    socket.on('error', () => undefined);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(b.port, HOST, resolve));
  return seen;
}

async function bridge(headers: Record<string, string>): Promise<void> {
  await bench.application((srf) => {
    bridgeCalls(srf, `sip:bob@${HOST}:${b.port}`, { headers });
  });
}

/** A call that `b` answers by UDP; the INVITE as it arrived. */
async function byDatagram(): Promise<SipRequest> {
  const call = await offered(a, b);
  await answered(a, b, call);
  const { caller, callee, invite } = call;
  caller.request('BYE');
  callee.answer(await b.request('BYE'), 200);
  await a.response(200, 'BYE');
  return invite;
}

test('a long request goes by TCP, and says so in its Via; a failure is confirmed there', async () => {
  const seen = await takesTcp((request) => responseTo(request, 486, 'busy'));
  await bridge(LONG);
  const caller = Leg.caller(a);
  caller.invite();
  caller.ack(await a.response(486));
  await until('the ACK', () => seen.length === 2);
  expect(seen.map(({ method }) => method)).toEqual(['INVITE', 'ACK']);
  for (const request of seen) expect(headerValue(request, 'via')).toMatch(/^SIP\/2\.0\/TCP /);
  expect(b.seen).toEqual([]);
});

test('a short one stays a datagram', async () => {
  const seen = await takesTcp();
  await bridge({ 'X-Short': 'x' });
  expect(headerValue(await byDatagram(), 'via')).toMatch(/^SIP\/2\.0\/UDP /);
  expect(seen).toEqual([]);
});

test('a peer that takes no connection gets the datagram at once, and is remembered', async () => {
  await bridge(LONG);
  const invite = await byDatagram();
  expect(headerValue(invite, 'via')).toMatch(/^SIP\/2\.0\/UDP /);
  expect(headerValue(invite, 'x-long')).toHaveLength(1_500);
  const seen = await takesTcp();
  await byDatagram();
  expect(seen).toEqual([]);
  expect(bench.server.stats().connections).toBe(0);
});

test('CANCEL follows the INVITE to where it went', async () => {
  const seen = await takesTcp((request) =>
    responseTo(request, request.method === 'INVITE' ? 180 : 200, 'ringing'),
  );
  await bridge(LONG);
  const caller = Leg.caller(a);
  caller.invite();
  await a.response(180);
  caller.cancel();
  caller.ack(await a.response(487));
  await until('the CANCEL', () => seen.length === 2);
  expect(seen.map(({ method }) => method)).toEqual(['INVITE', 'CANCEL']);
});

test('a proxied request that is long', async () => {
  const seen = await takesTcp((request) => responseTo(request, 404, 'gone'));
  await bench.application((srf) => {
    srf.invite((req) => {
      srf.proxyRequest(req, `sip:bob@${HOST}:${b.port}`, { headers: LONG } as never);
    });
  });
  const caller = Leg.caller(a);
  caller.invite();
  caller.ack(await a.response(404));
  expect(seen[0]?.uri).toBe(`sip:bob@${HOST}:${b.port}`);
});
