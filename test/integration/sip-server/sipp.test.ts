import {
  buyerAnswers,
  buyerHangsUp,
  buyerRefuses,
  buyerRingsOn,
  callerCancels,
  callerHangsUp,
  callerIsRefused,
  callerWaitsForBye,
} from '../../e2e/support/scenarios';
import type { SippOptions } from '../../e2e/support/sipp';
import { Sipp } from '../../e2e/support/sipp';
import type { Bench } from './support';
import { benches, bridgeCalls, HOST } from './support';

const start = benches();
let bench: Bench;
const running: Sipp[] = [];
/** A peer that is a process of its own may pause: not everything is to be repeated at once then. */
const TIMERS = { t1: 100, t2: 400, t4: 500 };

beforeEach(async () => {
  bench = await start({ timers: TIMERS });
});
afterEach(async () => {
  for (const sipp of running.splice(0)) await sipp.stop();
});

async function sipp(options: SippOptions): Promise<Sipp> {
  const started = await Sipp.start({ timeoutSeconds: 30, ...options });
  running.push(started);
  return started;
}

/** Connects every caller to SIPp, the buyer. */
async function bridgeTo(buyer: Sipp, transport: 'u1' | 't1'): Promise<void> {
  const uri = `sip:buyer@${HOST}:${buyer.port}${transport === 't1' ? ';transport=tcp' : ''}`;
  await bench.application((srf) => {
    bridgeCalls(srf, uri);
  });
}

/** Passes every caller on to SIPp, and stays in the way of the call. */
async function proxyTo(buyer: Sipp, transport: 'u1' | 't1'): Promise<void> {
  const uri = `sip:buyer@${HOST}:${buyer.port}${transport === 't1' ? ';transport=tcp' : ''}`;
  await bench.application((srf) => {
    srf.invite((req) => {
      srf.proxyRequest(req, uri, { remainInDialog: true } as never);
    });
  });
}

/** The same scenario, answering with the Record-Route that came (RFC 3261 §12.1.1). */
function recordingRoute(scenario: string): string {
  return scenario.replaceAll('[last_Via:]', '[last_Via:]\n      [last_Record-Route:]');
}

async function call(
  caller: string,
  buyer: string,
  { calls = 1, transport = 'u1' as 'u1' | 't1', connect = bridgeTo } = {},
): Promise<void> {
  const answering = await sipp({ scenario: buyer, calls, transport });
  await connect(answering, transport);
  const remote = `${HOST}:${bench.port(transport === 'u1' ? 'udp' : 'tcp')}`;
  const calling = await sipp({
    scenario: caller,
    remote,
    service: '12125550100',
    calls,
    rate: 20,
    transport,
  });
  await Promise.all([calling.succeeds(), answering.succeeds()]);
}

describe.each(['u1', 't1'] as const)('SIPp on both sides (%s)', (transport) => {
  test('callers hang up', () => call(callerHangsUp(50), buyerAnswers(), { calls: 20, transport }));
  test('the buyer hangs up', () => call(callerWaitsForBye(), buyerHangsUp(50), { calls: 5, transport }));
  test('the buyer refuses', () =>
    call(callerIsRefused(486), buyerRefuses(486, 'Busy'), { calls: 5, transport }));
  test('callers give up', () => call(callerCancels(1, 50), buyerRingsOn(), { calls: 3, transport }));
});

describe.each(['u1', 't1'] as const)('SIPp on both sides of a proxied call (%s)', (transport) => {
  const proxied = { connect: proxyTo, transport };
  test('callers hang up', () =>
    call(callerHangsUp(50), recordingRoute(buyerAnswers()), { ...proxied, calls: 20 }));
  test('the buyer refuses', () =>
    call(callerIsRefused(486), buyerRefuses(486, 'Busy'), { ...proxied, calls: 5 }));
});

test('early media reaches the caller', () => call(callerHangsUp(50), buyerAnswers(20, true)));

test('no application: refused by the book', async () => {
  const remote = `${HOST}:${bench.port('udp')}`;
  const caller = await sipp({
    scenario: callerIsRefused(503, 'Retry-After'),
    remote,
    service: '1',
    calls: 2,
  });
  await caller.succeeds();
});
