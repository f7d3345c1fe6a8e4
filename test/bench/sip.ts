import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Exchange } from '../e2e/support/exchange';
import { addBuyer, NUMBER, openMarket, REVENUE } from '../e2e/support/market';
import { childrenOf, freePort, processStat, startProgram } from '../e2e/support/processes';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { kamailioConfig } from './kamailio';

/**
 * What a call costs through the whole product with media off, beside kamailio as a stateful proxy:
 * the same SIPp scenario, the same machine, in turn. A call here is INVITE, 100, 180, 200, ACK, half a
 * second of talk, BYE, 200, on both sides. Then how many calls a second go through without a failure or
 * a retransmission, with media off and with a leg of the media worker for either side.
 */

const MEASURE_RATE = 200;
const MEASURE_SECONDS = 10;
/** A just-in-time compiler takes some thousand calls to settle; a C program none. */
const WARM_UP_CALLS = 3_000;
const TALK_MS = 500;
const RATES = [100, 200, 300, 400, 500, 600];
const MEDIA_RATES = [100, 200, 300, 400];
const RATE_SECONDS = 8;
const TICKS_PER_SECOND = 100;
const MANY_PORTS = { DCE_MEDIA_PORT_MIN: '40000', DCE_MEDIA_PORT_MAX: '59999' };

interface Run {
  failed: number;
  retransmissions: number;
  pddP99Ms: number;
  calls: number;
}

/** Processor milliseconds that these processes have used so far. */
function cpuMs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = processStat(pid);
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** One run of the scenario at a steady rate. */
async function calls(remote: string, rate: number, count: number): Promise<Run> {
  const carrier = await Sipp.start({
    scenario: scenario
      .callerHangsUp(TALK_MS)
      .replace('<send retrans="500">', '<send retrans="500" start_rtd="1">')
      .replace('<recv response="200" rrs="true">', '<recv response="200" rrs="true" rtd="1">'),
    remote,
    service: NUMBER,
    calls: count,
    rate,
    limit: 5_000,
    timeoutSeconds: 120,
    args: ['-trace_stat', '-stf', 'stats.csv', '-fd', '1', '-trace_rtt', '-rtt_freq', '1'],
  });
  await carrier.exited;
  const { folder } = carrier;
  if (!existsSync(join(folder, 'stats.csv'))) throw new Error(`sipp did not run: ${carrier.output()}`);
  const lines = readFileSync(join(folder, 'stats.csv'), 'latin1').trim().split('\n');
  const names = (lines[0] ?? '').split(';');
  const last = (lines.at(-1) ?? '').split(';');
  const figure = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
  const times = readRtt(folder);
  await carrier.stop();
  return {
    failed: figure('FailedCall(C)'),
    retransmissions: figure('Retransmissions(C)'),
    pddP99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    calls: figure('SuccessfulCall(C)'),
  };
}

/** Response times of a run in milliseconds, ascending. */
function readRtt(folder: string): number[] {
  const times: number[] = [];
  for (const file of readdirSync(folder).filter((name) => name.includes('rtt'))) {
    for (const line of readFileSync(join(folder, file), 'latin1').split('\n').slice(1)) {
      const value = Number(line.split(';')[1]);
      if (line !== '' && Number.isFinite(value)) times.push(value);
    }
  }
  return times.sort((a, b) => a - b);
}

interface Cost {
  readonly run: Run;
  /** Processor milliseconds per call, process by process. */
  readonly parts: readonly number[];
}

/** Processor time per call of some processes at a steady rate. */
async function cost(remote: string, pids: readonly number[], rate: number, seconds: number): Promise<Cost> {
  const before = pids.map((pid) => cpuMs([pid]));
  const count = rate * seconds;
  const run = await calls(remote, rate, count);
  await wait(1_000);
  return { run, parts: pids.map((pid, index) => (cpuMs([pid]) - (before[index] ?? 0)) / count) };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const sum = (parts: readonly number[]): number => parts.reduce((total, part) => total + part, 0);

function printRow(name: string, perCall: number, { run }: Cost): void {
  print(
    `${name.padEnd(34)} ${perCall.toFixed(2).padStart(11)} ${run.pddP99Ms.toFixed(0).padStart(17)} ms ${String(run.failed).padStart(8)} ${String(run.retransmissions).padStart(15)}`,
  );
}

interface Ladder {
  /** Highest rate, in calls a second, without a failure or a retransmission. */
  readonly clean: number;
  readonly failed: number;
}

/** Rate by rate, until one is not clean. */
async function climb(exchange: Exchange, rates: readonly number[], pids: readonly number[]): Promise<Ladder> {
  let clean = 0;
  let failed = 0;
  for (const rate of rates) {
    const step = await cost(exchange.sip, pids, rate, RATE_SECONDS);
    printRow(`  ${rate} calls/s`, sum(step.parts), step);
    if (step.run.failed > 0 || step.run.retransmissions > 0) break;
    clean = rate;
    failed += step.run.failed;
  }
  return { clean, failed };
}

/** An exchange with one buyer who takes whatever comes. */
async function startExchange(media: 'passthrough' | 'mediasoup', buyerPort: number): Promise<Exchange> {
  const exchange = await Exchange.start({
    env: { DCE_MEDIA_ENGINE: media, DCE_SIP_T1_MS: '500', ...MANY_PORTS },
  });
  await openMarket(exchange);
  await addBuyer(exchange, {
    id: 'buyer',
    uri: `sip:buyer@127.0.0.1:${buyerPort}`,
    price: REVENUE,
    ringTimeoutMs: 20_000,
  });
  await exchange.api('PATCH', '/api/v1/buyers/buyer', { caps: {} });
  await exchange.api('PATCH', '/api/v1/targets/buyer-target', { caps: {} });
  await exchange.api('PATCH', '/api/v1/bids/buyer-bid', {
    caps: { concurrent: 100_000, connections: { day: 10_000_000 } },
  });
  await wait(500);
  return exchange;
}

/** The switch, the SIP server and the media worker: what a call needs while it is up. */
function processesOf({ file }: Exchange): number[] {
  return [...new Set([file.sipServerPid ?? 0, file.pid, ...childrenOf(file.pid, 'mediasoup')])];
}

async function main(): Promise<void> {
  const buyer = await Sipp.start({ scenario: scenario.buyerAnswers(0), timeoutSeconds: 900 });
  try {
    const peer = await measurePeer(buyer.port);
    const ours = await measureExchange(buyer.port, peer);
    const media = await measureMedia(buyer.port);
    print('SIPp and its buyer run on the same processors.');
    print(
      JSON.stringify({
        cpuMsPerCall: rounded(ours.cpuMsPerCall),
        peerCpuMsPerCall: rounded(sum(peer.parts)),
        cleanCallsPerSecond: ours.clean,
        pddP99Ms: rounded(ours.pddP99Ms),
        failed: ours.failed,
        workerCpuMsPerCall: rounded(ours.workerCpuMsPerCall),
        cleanCallsPerSecondWithMedia: media.clean,
      }),
    );
  } finally {
    await buyer.stop();
  }
}

async function measurePeer(buyerPort: number): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-kamailio-'));
  const port = await freePort();
  writeFileSync(join(folder, 'kamailio.cfg'), kamailioConfig(port, { host: '127.0.0.1', port: buyerPort }));
  const args = ['-f', join(folder, 'kamailio.cfg'), '-DD', '-Y', folder, '-P', join(folder, 'pid')];
  const kamailio = startProgram('kamailio', args);
  try {
    const remote = `127.0.0.1:${port}`;
    await calls(remote, MEASURE_RATE, MEASURE_RATE);
    const measured = await cost(remote, childrenOf(kamailio.child.pid ?? 0), MEASURE_RATE, MEASURE_SECONDS);
    print(
      'media off                          CPU ms per call   p99 INVITE to 200   failed   retransmissions',
    );
    printRow(`kamailio, stateful proxy, ${MEASURE_RATE}/s`, sum(measured.parts), measured);
    return measured;
  } finally {
    await kamailio.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface OurCost extends Ladder {
  readonly cpuMsPerCall: number;
  readonly workerCpuMsPerCall: number;
  readonly pddP99Ms: number;
}

async function measureExchange(buyerPort: number, peer: Cost): Promise<OurCost> {
  const exchange = await startExchange('passthrough', buyerPort);
  try {
    const { pid, sipServerPid = 0, workerPid = 0 } = exchange.file;
    await calls(exchange.sip, MEASURE_RATE, WARM_UP_CALLS);
    const ours = await cost(exchange.sip, [sipServerPid, pid, workerPid], MEASURE_RATE, MEASURE_SECONDS);
    const [sip = 0, app = 0, worker = 0] = ours.parts;
    printRow(`SIP server and switch, ${MEASURE_RATE}/s`, sip + app, ours);
    print(
      `  ${((sip + app) / sum(peer.parts)).toFixed(1)} times kamailio; the SIP server ${sip.toFixed(2)}, the switch ${app.toFixed(2)}, and settling in the worker ${worker.toFixed(2)} besides`,
    );
    const ladder = await climb(exchange, RATES, [sipServerPid, pid]);
    return {
      clean: ladder.clean,
      failed: ours.run.failed + ladder.failed,
      cpuMsPerCall: sip + app,
      workerCpuMsPerCall: worker,
      pddP99Ms: ours.run.pddP99Ms,
    };
  } finally {
    await exchange.stop();
  }
}

async function measureMedia(buyerPort: number): Promise<Ladder> {
  const exchange = await startExchange('mediasoup', buyerPort);
  try {
    await calls(exchange.sip, MEDIA_RATES[0] ?? 0, WARM_UP_CALLS / 2);
    print('media on, two legs a call; the media worker is counted too');
    return await climb(exchange, MEDIA_RATES, processesOf(exchange));
  } finally {
    await exchange.stop();
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
