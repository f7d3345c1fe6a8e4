import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMoney, micros } from '../domain';
import type { CallEvent } from '../signaling';
import { ANSWERING_BUYER, carrierScenario, SILENT_BUYER } from './scenarios';
import { writePcmuTone } from './tone-file';

/** Where the running switch is, and how to reach its demo market. */
export interface DemoStage {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Address that takes SIP over UDP, e.g. `127.0.0.1:5060`. */
  readonly sipAddress: string;
  /** The dialled number. */
  readonly number: string;
  /** Ports of the two demo buyers' endpoints: the first lets it ring, the second answers. */
  readonly buyerPorts: readonly [number, number];
}

const CALLER = '+12125550123';
const TALK_MS = 5_000;
const DEADLINE_MS = 60_000;

/**
 * Places one real call with real SIP peers and prints its life as it happens.
 * @param signal - ends it before its time
 * @throws Error when SIPp is missing or the call did not go all the way
 */
export async function runDemo(
  stage: DemoStage,
  print: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-demo-'));
  const stop = new AbortController();
  const timeout = setTimeout(() => stop.abort(), DEADLINE_MS);
  signal?.addEventListener('abort', () => stop.abort(), { once: true });
  try {
    const tone = join(folder, 'tone.ul');
    writePcmuTone(tone, 440, 4);
    const story = follow(stage, print, stop.signal);
    await story.listening;
    print(`A carrier calls ${stage.number} from ${CALLER}. Two buyers bid; the higher one will not answer.`);
    const [silentPort, answeringPort] = stage.buyerPorts;
    const buyers = Promise.all([
      sipp(folder, 'buyer-1', SILENT_BUYER, silentPort, [], stop.signal),
      sipp(folder, 'buyer-2', ANSWERING_BUYER, answeringPort, ['-rtp_echo'], stop.signal),
    ]);
    // What keeps a buyer's SIPp from running keeps the carrier's as well, and that is awaited.
    buyers.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const scenario = carrierScenario(CALLER, tone, TALK_MS);
    const carrier = sipp(folder, 'carrier', scenario, 0, ['-s', stage.number, stage.sipAddress], stop.signal);
    const [callId, code] = await Promise.all([story.ended, carrier]);
    if (code !== 0) throw new Error(`the carrier's call failed (sipp ended with ${code})`);
    await printMoney(stage, callId, print, stop.signal);
  } finally {
    clearTimeout(timeout);
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs one SIPp; it is ended with the demo. Resolves to its exit code. */
function sipp(
  folder: string,
  name: string,
  scenario: string,
  port: number,
  more: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const file = join(folder, `${name}.xml`);
  writeFileSync(file, scenario);
  const local = port === 0 ? [] : ['-p', String(port)];
  const args = ['-sf', file, '-i', '127.0.0.1', '-mi', '127.0.0.1', '-m', '1', '-nostdin', ...local, ...more];
  return new Promise((resolve, reject) => {
    const child = spawn('sipp', args, { cwd: folder, stdio: 'ignore' });
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', kill, { once: true });
    child.once('error', (error) =>
      reject(new Error('sipp cannot be run: apt-get install sip-tester', { cause: error })),
    );
    child.once('exit', (code) => {
      signal.removeEventListener('abort', kill);
      resolve(code ?? -1);
    });
  });
}

/** Follows the call by the live events of the API. */
function follow(
  stage: DemoStage,
  print: (line: string) => void,
  signal: AbortSignal,
): { listening: Promise<void>; ended: Promise<string> } {
  let started = 0;
  const connection = fetch(`${stage.apiUrl}/api/v1/calls/events`, {
    headers: { 'X-API-Key': stage.apiKey, Accept: 'text/event-stream' },
    signal,
  });
  const listening = connection.then((response) => {
    if (!response.ok) throw new Error(`the API refused the event stream: ${response.status}`);
  });
  const ended = connection.then(async (response) => {
    for await (const event of events(response)) {
      if (event.type === 'call.received') started = event.at;
      const line = describe(event);
      const seconds = ((event.at - started) / 1000).toFixed(3).padStart(7);
      if (line !== undefined) for (const part of line) print(`${seconds} s  ${part}`);
      if (event.type === 'call.ended') return event.callId;
    }
    throw new Error('the event stream ended before the call did');
  });
  ended.catch(() => undefined);
  return { listening, ended };
}

/** Server-sent events whose data is JSON. */
async function* events(response: Response): AsyncGenerator<CallEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = pending.indexOf('\n\n'); end >= 0; end = pending.indexOf('\n\n')) {
      const data = pending
        .slice(0, end)
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trim())
        .join('\n');
      pending = pending.slice(end + 2);
      if (data !== '') yield JSON.parse(data) as CallEvent;
    }
  }
}

/** One event in words for people. */
function describe(event: CallEvent): string[] | undefined {
  switch (event.type) {
    case 'call.received':
      return [
        `INVITE     ${event.attempt.from ?? 'anonymous'} → ${event.attempt.to} (${event.attempt.origin})`,
      ];
    case 'call.decided':
      return describeDecision(event);
    case 'call.ringing':
      return [`ring ${event.attempt}     ${event.target.uri} at ${event.target.price / 1_000_000} per call`];
    case 'call.ring_failed':
      return [`failover   ${event.target.uri}: ${event.outcome} (${event.sipStatus})`];
    case 'call.answered':
      return [`answer     ${event.target.uri}, ${event.pddMs} ms after the INVITE`];
    case 'call.ended': {
      const { record } = event;
      return [
        `hang-up    ${record.state}: ${record.reason}, ${(record.connectedMs / 1000).toFixed(3)} s connected`,
      ];
    }
    case 'call.refused':
      return [`refused    ${event.source}: ${event.sipStatus} ${event.reason}`];
    case 'call.queued':
      return [`queue      ${event.target.uri}: place ${event.position}`];
    case 'call.transferred':
      return [`transfer   ${event.transfer.how}`];
    case 'call.one_way_audio':
      return [`silence    nothing is heard of the ${event.leg}`];
    case 'call.held':
    case 'call.resumed':
      return [event.type === 'call.held' ? 'hold' : 'resume'];
    case 'call.sound_played':
      return [`sound      ${event.sound}`];
    case 'call.attended':
      return ['attend     the exchange answers the caller'];
    case 'call.returned':
      return ['return     the call is its plan’s again'];
    case 'call.plan_step':
      return [`plan       ${event.plan}: ${event.step}`];
    case 'call.plan_unusable':
      return [`no plan    ${event.plan}: ${event.detail}`];
    case 'call.recording':
      return [`recording  ${event.state}`];
    case 'call.monitored':
      return [`monitor    ${event.mode}`];
    case 'call.quality':
      return undefined;
  }
}

function describeDecision(event: Extract<CallEvent, { type: 'call.decided' }>): string[] {
  const { decision } = event;
  const { trace } = decision;
  const lines = trace.findings.map(
    (finding) => `screening  ${finding.rule}: ${finding.outcome} (${finding.detail})`,
  );
  if (trace.fraud) {
    const reasons = trace.fraud.reasons.length > 0 ? trace.fraud.reasons.join(', ') : 'nothing suspicious';
    lines.push(`fraud      score ${trace.fraud.score.toFixed(2)} of 1 (${reasons})`);
  }
  for (const bid of trace.bids.listed) {
    const place = bid.rank === undefined ? `not eligible: ${bid.ineligible}` : `rank ${bid.rank}`;
    lines.push(`bid        ${formatMoney({ amount: bid.price, currency: 'USD' })}: ${place}`);
  }
  const verdict = decision.ok ? `${decision.plan.length} buyers to ring` : `refused: ${decision.detail}`;
  lines.push(`decision   ${verdict}, in ${event.decisionMicroseconds} µs`);
  return lines;
}

interface LedgerLine {
  readonly account: string;
  readonly amountMicros: number;
  readonly currency: 'USD';
}

/** Waits for the settlement and prints its ledger lines. */
async function printMoney(
  stage: DemoStage,
  callId: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`${stage.apiUrl}/api/v1/calls/${callId}`, {
      headers: { 'X-API-Key': stage.apiKey },
      signal,
    });
    const call = (response.ok ? await response.json() : {}) as { ledger?: LedgerLine[] };
    if (call.ledger && call.ledger.length > 0) {
      for (const line of call.ledger) {
        const amount = formatMoney({ amount: micros(Math.abs(line.amountMicros)), currency: line.currency });
        print(
          `ledger     ${line.amountMicros < 0 ? 'credit' : 'debit '} ${amount.padStart(12)}  ${line.account}`,
        );
      }
      print(`Everything of this call: ${stage.apiUrl}/api/v1/calls/${callId}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`call ${callId} was not settled within 10 s`);
}
