import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Exchange } from '../e2e/support/exchange';
import { addBuyer, NUMBER, openMarket, REVENUE } from '../e2e/support/market';
import { freePort, startProgram } from '../e2e/support/processes';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { kamailioConfig } from './kamailio';

/**
 * What a call costs through the whole product with media off, beside kamailio as a stateful proxy:
 * the same SIPp scenario, the same machine, in turn. A call here is INVITE, 100, 180, 200, ACK, half a
 * second of talk, BYE, 200, on both sides.
 */

const MEASURE_RATE = 100;
const MEASURE_SECONDS = 10;
const WARM_UP_CALLS = 500;
const TALK_MS = 500;
const RATES = [100, 150, 200, 250, 300, 350, 400];
const RATE_SECONDS = 6;
const TICKS_PER_SECOND = 100;

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
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks * 1000) / TICKS_PER_SECOND;
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
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
  readonly perCall: number;
  readonly run: Run;
}

/** Processor time per call of some processes, after a warm-up. */
async function cost(remote: string, pids: () => number[]): Promise<Cost & { parts: number[] }> {
  await calls(remote, MEASURE_RATE, WARM_UP_CALLS);
  await wait(1_000);
  const before = pids().map((pid) => cpuMs([pid]));
  const count = MEASURE_RATE * MEASURE_SECONDS;
  const run = await calls(remote, MEASURE_RATE, count);
  await wait(1_000);
  const parts = pids().map((pid, index) => (cpuMs([pid]) - (before[index] ?? 0)) / count);
  return { perCall: parts.reduce((sum, part) => sum + part, 0), run, parts };
}

async function main(): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const buyer = await Sipp.start({ scenario: scenario.buyerAnswers(0), timeoutSeconds: 900 });
  const folder = mkdtempSync(join(tmpdir(), 'dce-kamailio-'));
  const kamailioPort = await freePort();
  writeFileSync(
    join(folder, 'kamailio.cfg'),
    kamailioConfig(kamailioPort, { host: '127.0.0.1', port: buyer.port }),
  );
  const kamailio = startProgram('kamailio', [
    '-f',
    join(folder, 'kamailio.cfg'),
    '-DD',
    '-Y',
    folder,
    '-P',
    join(folder, 'pid'),
  ]);
  const exchange = await Exchange.start({ env: { DCE_MEDIA_ENGINE: 'passthrough', DCE_SIP_T1_MS: '500' } });
  try {
    await openMarket(exchange);
    await addBuyer(exchange, {
      id: 'buyer',
      uri: `sip:buyer@127.0.0.1:${buyer.port}`,
      price: REVENUE,
      ringTimeoutMs: 20_000,
    });
    await exchange.api('PATCH', '/api/v1/buyers/buyer', { maxConcurrent: 0 });
    await exchange.api('PATCH', '/api/v1/targets/buyer-target', { maxConcurrent: 0 });
    await exchange.api('PATCH', '/api/v1/bids/buyer-bid', {
      caps: { concurrent: 100_000, daily: 10_000_000 },
    });
    await wait(500);
    const { pid, sipServerPid = 0, workerPid = 0 } = exchange.file;

    const peer = await cost(`127.0.0.1:${kamailioPort}`, () => childrenOf(kamailio.child.pid ?? 0));
    const ours = await cost(exchange.sip, () => [sipServerPid, pid, workerPid]);
    const [sip = 0, app = 0, worker = 0] = ours.parts;

    print(
      `at ${MEASURE_RATE} calls/s, media off      CPU ms per call   p99 INVITE to 200   failed   retransmissions`,
    );
    const row = (name: string, perCall: number, run: Run): void =>
      print(
        `${name.padEnd(34)} ${perCall.toFixed(2).padStart(11)} ${run.pddP99Ms.toFixed(1).padStart(16)} ms ${String(run.failed).padStart(8)} ${String(run.retransmissions).padStart(10)}`,
      );
    row('kamailio, stateful proxy', peer.perCall, peer.run);
    row('SIP server and switch', sip + app, ours.run);
    print(
      `  of which the SIP server ${sip.toFixed(2)}, the switch ${app.toFixed(2)}; settling in the worker ${worker.toFixed(2)} besides`,
    );

    let clean = 0;
    let pddP99Ms = ours.run.pddP99Ms;
    let failed = ours.run.failed;
    for (const rate of RATES) {
      const run = await calls(exchange.sip, rate, rate * RATE_SECONDS);
      print(
        `${String(rate).padStart(5)} calls/s: ${run.calls} answered, ${run.failed} failed, ${run.retransmissions} retransmissions, p99 ${run.pddP99Ms.toFixed(1)} ms`,
      );
      if (run.failed > 0 || run.retransmissions > 0) break;
      clean = rate;
      pddP99Ms = run.pddP99Ms;
      failed += run.failed;
      await wait(1_500);
    }
    print(
      `SIPp and its buyer run on the same two cores. Settled so far: ${(await exchange.sql('select 1 from settlements')).length}.`,
    );
    print(
      JSON.stringify({
        cpuMsPerCall: Number((sip + app).toFixed(3)),
        peerCpuMsPerCall: Number(peer.perCall.toFixed(3)),
        cleanCallsPerSecond: clean,
        pddP99Ms: Number(pddP99Ms.toFixed(1)),
        failed,
        workerCpuMsPerCall: Number(worker.toFixed(3)),
      }),
    );
  } finally {
    await kamailio.stop();
    await buyer.stop();
    await exchange.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
