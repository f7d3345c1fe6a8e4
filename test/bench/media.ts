import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { MediaLeg, MediaSession, SdpResult } from '../../src/media';
import { MediasoupEngine, PromptFolder } from '../../src/media';
import { findMediasoupWorker } from '../../src/provision';
import { TonePeer } from '../e2e/phone/support/tone-peer';
import { WrtcPeer } from '../support/wrtc/wrtc-peer';
import { measureCost } from './media/cpu';
import { measureMachines } from './media/machines';
import { Peers } from './media/peers';
import { measurePrompts } from './media/prompts';
import { measureVoices } from './media/recordings';

/**
 * How many calls one media worker carries between carriers and browsers, beside calls between two
 * carriers over plain RTP, and what each costs: processor time of the media worker and of this
 * process, which is the switch's part. The peers are another process, and another media worker that
 * does the browsers' encryption; they are not counted, and run on the same processors. After each step
 * libwebrtc answers one call more, and must hear its tone through the load, and be heard. Before all that: what a
 * second of a prompt costs, of a recording, of a supervisor and of telling machines from persons, beyond the leg or call.
 * `-- --quick` takes a few small steps, `-- 100 200` those.
 */

const QUICK = process.argv.includes('--quick');
const WANTED = process.argv
  .slice(2)
  .map(Number)
  .filter((calls) => calls > 0);
const STEPS =
  WANTED.length > 0
    ? WANTED
    : QUICK
      ? [10, 20, 40]
      : [50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800];
const SETTLE_MS = 1_000;
const SETTLE_TRIES = 10;
const MEASURE_MS = QUICK ? 4_000 : 8_000;
const MAX_LOSS_PERCENT = 1;
const CARRIER_HZ = 440;
const BROWSER_HZ = 1_000;
const TRIES = 3;
/** Calls that are set up at the same time. */
const AT_ONCE = 8;

type Kind = 'webrtc' | 'rtp';

interface Step {
  readonly calls: number;
  readonly lossPercent: number;
  /** Peers that heard nothing at all. */
  readonly deaf: number;
  readonly workerMs: number;
  readonly switchMs: number;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const portOf = (sdp: string): number => Number(/m=audio (\d+)/.exec(sdp)?.[1]);

function sdpOf(result: SdpResult): string {
  if (!result.ok) throw new Error(result.reason);
  return result.sdp;
}

/** Calls of one kind, more and more of them. */
class Round {
  readonly #sessions: MediaSession[] = [];
  readonly #trouble: string[] = [];

  constructor(
    readonly engine: MediasoupEngine,
    readonly peers: Peers,
    readonly kind: Kind,
  ) {}

  async grow(calls: number): Promise<void> {
    while (this.#sessions.length < calls) {
      const more = Math.min(AT_ONCE, calls - this.#sessions.length);
      await Promise.all(Array.from({ length: more }, () => this.#call()));
    }
  }

  async measure(calls: number): Promise<Step> {
    const { engine, peers } = this;
    await this.#settle();
    let heard = { received: 0, expected: 0, deaf: 0 };
    const cost = await measureCost(engine, MEASURE_MS, async () => {
      heard = await peers.ask('heard');
    });
    const { received, expected, deaf } = heard;
    return {
      calls,
      lossPercent: expected === 0 ? 100 : (100 * (expected - received)) / expected,
      deaf,
      workerMs: cost.workerMs / calls,
      switchMs: cost.switchMs / calls,
    };
  }

  /** @throws Error when a call was lost on the way */
  async end(): Promise<void> {
    for (const session of this.#sessions.splice(0)) session.close();
    await this.peers.ask('hush');
    if (this.#trouble.length > 0) throw new Error(`calls were lost: ${this.#trouble.join(', ')}`);
  }

  /** Until everybody hears something, or it is clear that not all of them will. */
  async #settle(): Promise<void> {
    for (let tries = 0; tries < SETTLE_TRIES; tries++) {
      await this.peers.ask('heard');
      await wait(SETTLE_MS);
      if ((await this.peers.ask('heard')).deaf === 0) return;
    }
  }

  async #call(): Promise<void> {
    const session = openSession(this.engine, this.#trouble);
    this.#sessions.push(session);
    const caller = await this.peers.ask('carrier');
    const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
    sdpOf(callerLeg.receiveOffer(caller.sdp));
    const buyerLeg = await session.createLeg('buyer', { transport: this.kind });
    const offer = sdpOf(buyerLeg.createOffer());
    await this.#answer(buyerLeg, offer);
    await this.peers.ask('speak', { id: caller.id, port: portOf(sdpOf(await callerLeg.createAnswer())) });
    await session.bridge(callerLeg, buyerLeg);
  }

  async #answer(leg: MediaLeg, offer: string): Promise<void> {
    if (this.kind === 'webrtc') {
      sdpOf(await leg.applyAnswer(await this.peers.ask('browser', offer)));
      return;
    }
    const buyer = await this.peers.ask('carrier');
    sdpOf(await leg.applyAnswer(buyer.sdp));
    await this.peers.ask('speak', { id: buyer.id, port: portOf(offer) });
  }
}

function openSession(engine: MediasoupEngine, trouble: string[]): MediaSession {
  return engine.openSession('bench', {
    onMediaLost: (reason) => trouble.push(reason),
    onRtpTimeout: (leg) => trouble.push(`${leg} is silent`),
    onQuality: () => undefined,
  });
}

/** A call between a carrier's tone and libwebrtc's, through the load of all the others. */
class Judge {
  readonly #browser = WrtcPeer.open(resolve('test/support/wrtc'));
  readonly #session: MediaSession;
  readonly #carrier: TonePeer;

  private constructor(session: MediaSession, carrier: TonePeer) {
    this.#session = session;
    this.#carrier = carrier;
  }

  static async open(engine: MediasoupEngine): Promise<Judge> {
    const carrier = await TonePeer.open(CARRIER_HZ);
    const session = openSession(engine, []);
    const judge = new Judge(session, carrier);
    const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
    const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${carrier.port} RTP/AVP 0\r\n`;
    sdpOf(callerLeg.receiveOffer(sdp));
    const buyerLeg = await session.createLeg('buyer', { transport: 'webrtc' });
    sdpOf(await buyerLeg.applyAnswer(await judge.#browser.answer(sdpOf(buyerLeg.createOffer()))));
    await judge.#browser.speak(BROWSER_HZ);
    carrier.speak(portOf(sdpOf(await callerLeg.createAnswer())));
    await session.bridge(callerLeg, buyerLeg);
    return judge;
  }

  /** Whether both sides hear each other's tone and hardly anything else. */
  async hears(): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        await this.#browser.hears(CARRIER_HZ);
        await this.#carrier.hears(BROWSER_HZ);
        return true;
      } catch {
        continue;
      }
    }
    return false;
  }

  close(): void {
    this.#session.close();
    this.#carrier.close();
    this.#browser.kill();
  }
}

/**
 * Step by step, until one is not clean.
 * @returns those that were
 * @throws Error when none was
 */
async function climb(engine: MediasoupEngine, peers: Peers, kind: Kind): Promise<Step[]> {
  print(kind === 'webrtc' ? 'carrier and browser' : 'two carriers, plain RTP');
  print('  calls    loss %   deaf   CPU ms per call and second: media worker   switch');
  const round = new Round(engine, peers, kind);
  const clean: Step[] = [];
  for (const calls of STEPS) {
    await round.grow(calls);
    const step = await round.measure(calls);
    // After it was measured, that the judge's own part is not counted.
    const judged = kind === 'rtp' || (await judge(engine));
    printStep(step, judged);
    if (step.lossPercent >= MAX_LOSS_PERCENT || step.deaf > 0 || !judged) break;
    clean.push(step);
  }
  await round.end();
  if (clean.length === 0) throw new Error(`not even ${STEPS[0]} calls were carried cleanly`);
  return clean;
}

async function judge(engine: MediasoupEngine): Promise<boolean> {
  const call = await Judge.open(engine);
  const heard = await call.hears();
  call.close();
  return heard;
}

function printStep({ calls, lossPercent, deaf, workerMs, switchMs }: Step, judged: boolean): void {
  const columns = [String(calls).padStart(7), lossPercent.toFixed(3).padStart(9), String(deaf).padStart(6)];
  const costs = [workerMs.toFixed(2).padStart(41), switchMs.toFixed(2).padStart(8)];
  print([...columns, ...costs].join(' ') + (judged ? '' : '   the tones were not heard through'));
}

async function main(): Promise<void> {
  const workerBin = findMediasoupWorker();
  if (workerBin === undefined) throw new Error('there is no media worker: run npm start or npm test once');
  const prompts = await PromptFolder.open(resolve('freeswitch/prompts'));
  const engine = await MediasoupEngine.start({
    workerBin,
    prompts,
    workers: 1,
    listenAddress: '127.0.0.1',
    portRange: [40_000, 49_999],
    rtpTimeoutMs: 20_000,
  });
  const peers = new Peers();
  try {
    await peers.ask('start');
    const prompt = await measurePrompts(engine, peers, MEASURE_MS);
    const voices = await measureVoices(engine, peers, MEASURE_MS);
    const machines = await measureMachines(engine, peers, MEASURE_MS);
    const rtp = await climb(engine, peers, 'rtp');
    const webrtc = await climb(engine, peers, 'webrtc');
    // A busy worker takes several packets at a time: costs are compared at one number of calls.
    const steps = Math.min(rtp.length, webrtc.length);
    const costOf = (clean: readonly Step[]): number => {
      const step = clean[steps - 1];
      return step ? step.workerMs + step.switchMs : Number.NaN;
    };
    print(`The peers ran on the same ${cpus().length} processors, and are not counted.`);
    print(
      JSON.stringify({
        webrtcCalls: webrtc.at(-1)?.calls ?? 0,
        rtpCalls: rtp.at(-1)?.calls ?? 0,
        cpuMsPerCallSecondWebrtc: rounded(costOf(webrtc)),
        cpuMsPerCallSecondRtp: rounded(costOf(rtp)),
        promptCpuMsPerSecond: rounded(prompt),
        recordingCpuMsPerSecond: rounded(voices.recordingCpuMsPerSecond),
        monitoringCpuMsPerSecond: rounded(voices.monitoringCpuMsPerSecond),
        machineDetectionCpuMsPerSecond: rounded(machines),
        ratio: rounded(costOf(webrtc) / costOf(rtp)),
        lossPercent: rounded(webrtc.at(-1)?.lossPercent ?? 100),
      }),
    );
  } finally {
    await peers.stop();
    await engine.close();
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
