import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bid, CallAttempt, E164 } from '../../src/domain';
import { micros, systemClock } from '../../src/domain';
import { LiveBidding } from '../../src/rtb';

/**
 * Live bidding against fifty buyers in a process of their own, over HTTP, HTTPS and HTTP/2: twenty answer in
 * time, ten too late, ten never, ten with 64 KiB of JSON. Prints by how much deadlines were missed, what a
 * ping costs this process, and how long rounds took. The machine's own lateness is printed beside it: that
 * of a timer for the same instant which has nothing to do with the bidding.
 */
const SUPPORT = join(__dirname, '../../../../test/integration/rtb/support');
const DEADLINE_MS = 200;
const ROUNDS = 200;
/** Milliseconds between rounds: so many calls a second are asked about. */
const EVERY_MS = 100;
const SPEAKS = ['http', 'https', 'h2'] as const;

interface Spec {
  readonly name: string;
  readonly speaks: (typeof SPEAKS)[number];
  readonly does: readonly object[];
}

const PADDING = 'x'.repeat(60_000);
const SPECS: Spec[] = Array.from({ length: 50 }, (_, n) => ({
  name: `buyer-${n}`,
  speaks: SPEAKS[n % 3] as Spec['speaks'],
  does: [
    n < 20
      ? { reply: { price: 10 + n }, after: n * 2 }
      : n < 30
        ? { reply: { price: 45 }, after: DEADLINE_MS + 20 * (n - 19) }
        : n < 40
          ? { special: 'silent' }
          : { reply: { price: 5, padding: PADDING }, after: DEADLINE_MS - 20 },
  ],
}));

function bid({ name, speaks }: Spec, port: number): Bid {
  return {
    id: name,
    campaignId: 'c',
    buyerId: name,
    targetId: name,
    status: 'active',
    plan: { kind: 'per_call', amount: micros(50_000_000), afterMs: 0 },
    price: micros(50_000_000),
    priority: 1,
    weight: 1,
    targeting: {},
    caps: {},
    expiresAt: undefined,
    modifiers: [],
    ping: {
      url: `${speaks === 'http' ? 'http' : 'https'}://127.0.0.1:${port}/ping`,
      method: 'POST',
      timeoutMs: 5_000,
      perSecond: 0,
      showCaller: false,
      secret: undefined,
      confirmUrl: undefined,
      noticeUrl: undefined,
    },
    fallback: false,
  };
}

async function main(): Promise<void> {
  const child = fork(join(SUPPORT, 'buyer-farm.cjs'), { execArgv: [] });
  const said = (): Promise<Record<string, unknown>> =>
    new Promise((resolve) => child.once('message', resolve));
  await said();
  child.send({ number: 1, command: 'start', specs: SPECS });
  const ports = (await said())['result'] as Record<string, number>;
  const bids = SPECS.map((spec) => bid(spec, ports[spec.name] as number));
  const bidding = new LiveBidding(
    {
      allowPrivate: ['127.0.0.1'],
      allowHttp: ['127.0.0.1'],
      sipHosts: [],
      connectTimeoutMs: 1_000,
      confirmTimeoutMs: 1_000,
      minTimeoutMs: DEADLINE_MS,
      lateMs: 300,
      maxInFlight: 10_000,
      maxInFlightPerOrigin: 1_000,
      maxConnectionsPerOrigin: 1_000,
      idleMs: 60_000,
      offerSeconds: 30,
      maxOfferSeconds: 300,
      maxMinDurationSeconds: 300,
    },
    {
      clock: systemClock,
      secret: Buffer.alloc(32, 1),
      ca: readFileSync(join(SUPPORT, 'cert.pem'), 'utf8'),
      // Nobody is left out: every round has all fifty.
      breaker: { requests: 1_000_000, failureRatio: 1, openMs: 1 },
    },
  );
  const attempt: CallAttempt = {
    callId: 'x',
    receivedAt: Date.now(),
    from: undefined,
    to: '+18005550100' as E164,
    trunkId: 't',
    origin: 'inbound_consumer',
    claimedOrigin: undefined,
    attestation: 'A',
    verstat: 'passed',
    reservation: undefined,
    forwardedBy: [],
    tags: { zip: '10001', vertical: 'auto' },
  };
  const call = {
    attempt,
    origin: attempt.origin,
    state: 'NY',
    timezone: 'America/New_York',
    fraudLevel: 'allow' as const,
    recorded: false,
  };
  const plan = {
    campaign: {
      id: 'c',
      currency: 'USD' as const,
      auctionType: 'first_price' as const,
      reservePrice: micros(0),
      rtb: { deadlineMs: DEADLINE_MS, maxPings: 100 },
    },
    pings: bids.map((one) => ({
      bid: one,
      ping: one.ping as NonNullable<Bid['ping']>,
      target: { kind: 'sip' as const, uri: 'sip:x@buyer.example' },
    })),
  };
  const overruns: number[] = [];
  const machine: number[] = [];
  let beyond = -Infinity;
  let offers = 0;
  const round = async (): Promise<void> => {
    const deadlineAt = performance.now() + DEADLINE_MS;
    const control = new Promise<number>((resolve) => {
      // Timers go by the clock of the event loop, which may stand: they may be early.
      const look = (): void => {
        const left = deadlineAt - performance.now();
        if (left > 0) setTimeout(look, left);
        else resolve(-left);
      };
      look();
    });
    const answers = await bidding.ask(call, plan);
    const overrun = performance.now() - deadlineAt;
    overruns.push(overrun);
    offers += answers.filter((one) => one.ok).length;
    const late = await control;
    machine.push(late);
    beyond = Math.max(beyond, overrun - Math.max(0, late));
  };
  // Connections are opened first.
  for (let n = 0; n < 3; n++) await round();
  overruns.length = machine.length = offers = 0;
  beyond = -Infinity;
  const cpu = process.cpuUsage();
  const sentBefore = bidding.figures.sent;
  const rounds: Promise<void>[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    rounds.push(round());
    await new Promise((wait) => setTimeout(wait, EVERY_MS));
  }
  await Promise.all(rounds);
  const used = process.cpuUsage(cpu);
  const { sent, late } = bidding.figures;
  const at = (values: readonly number[], share: number): number => {
    const sorted = [...values].sort((a, b) => a - b);
    return (
      Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number) * 100) /
      100
    );
  };
  const result = {
    buyers: bids.length,
    rounds: overruns.length,
    roundsPerSecond: 1000 / EVERY_MS,
    pings: sent - sentBefore,
    deadlineMs: DEADLINE_MS,
    overrunP50Ms: at(overruns, 0.5),
    overrunP99Ms: at(overruns, 0.99),
    overrunMaxMs: at(overruns, 1),
    machineP99Ms: at(machine, 0.99),
    machineMaxMs: at(machine, 1),
    beyondMachineMaxMs: Math.round(beyond * 100) / 100,
    offersPerRound: offers / overruns.length,
    late,
    cpuMicrosPerPing: Math.round((used.user + used.system) / (sent - sentBefore)),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  bidding.close();
  child.kill('SIGKILL');
}

void main();
