import type { MediaLeg, MediaSession, MediasoupEngine, RecordingSink } from '../../../src/media';
import type { Cost } from './cpu';
import { measureCost } from './cpu';
import type { Peers } from './peers';

const CALLS = 40;
const SETTLE_MS = 2_000;
/** Every call that has a supervisor mixes for three in the end. */
const MODE = 'barge';

interface Call {
  readonly session: MediaSession;
}

export interface VoiceCosts {
  /** Of one call that is recorded, beyond what it costs anyway: milliseconds of processor time for a second. */
  readonly recordingCpuMsPerSecond: number;
  /** Of one call whose three all hear a mix, the supervisor's leg included. */
  readonly monitoringCpuMsPerSecond: number;
}

/**
 * What recordings and supervisors cost: media worker and switch together, less what the same calls cost without.
 * @throws Error when a recording is not as long as it was recorded, or somebody hears nothing
 */
export async function measureVoices(engine: MediasoupEngine, peers: Peers, ms: number): Promise<VoiceCosts> {
  const calls: Call[] = [];
  for (let i = 0; i < CALLS; i++) calls.push(await talking(engine, peers));
  await settled(peers);
  const plain = await measureCost(engine, ms);
  const sinks = calls.map(() => new CountingSink());
  const began = performance.now();
  const recorders = await Promise.all(
    calls.map(({ session }, index) => session.record(sinks[index] ?? new CountingSink())),
  );
  const recording = await measureCost(engine, ms);
  const facts = await Promise.all(recorders.map((recorder) => recorder.stop()));
  const lasted = performance.now() - began;
  const short = facts.filter(({ durationMs }) => Math.abs(durationMs - lasted) > SETTLE_MS);
  const empty = sinks.filter((sink) => sink.voice < sink.octets / 2);
  for (const { session } of calls) await supervise(session, peers);
  await settled(peers);
  const monitoring = await measureCost(engine, ms);
  for (const { session } of calls) session.close();
  await peers.ask('hush');
  if (short.length + empty.length > 0) {
    throw new Error(`of ${CALLS} recordings ${short.length} are too short, ${empty.length} nearly empty`);
  }
  const lost = facts.reduce((sum, { lostMs: [caller, other] }) => sum + caller + other, 0);
  print(
    `${CALLS} calls: CPU ms per call and second: media worker ${each(plain.workerMs)}, switch ${each(plain.switchMs)}; ` +
      `recorded ${each(recording.workerMs)}, ${each(recording.switchMs)} (lost ${lost} ms of all); ` +
      `with a supervisor in ${MODE} ${each(monitoring.workerMs)}, ${each(monitoring.switchMs)}`,
  );
  return {
    recordingCpuMsPerSecond: more(recording, plain),
    monitoringCpuMsPerSecond: more(monitoring, plain),
  };
}

/** Two carriers who speak with each other all the time. */
async function talking(engine: MediasoupEngine, peers: Peers): Promise<Call> {
  const session = engine.openSession('bench', {
    onMediaLost: () => undefined,
    onRtpTimeout: () => undefined,
  });
  const caller = await peers.ask('carrier');
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  const offered = callerLeg.receiveOffer(caller.sdp);
  const buyerLeg = await answering(session, 'buyer', peers);
  const answer = await callerLeg.createAnswer();
  if (!offered.ok || !answer.ok) throw new Error('the offer of the bench cannot be used');
  await peers.ask('speak', { id: caller.id, port: portOf(answer.sdp) });
  await session.bridge(callerLeg, buyerLeg);
  return { session };
}

async function supervise(session: MediaSession, peers: Peers): Promise<void> {
  const leg = await answering(session, 'supervisor', peers);
  await session.monitor(leg, MODE);
}

async function answering(
  session: MediaSession,
  role: 'buyer' | 'supervisor',
  peers: Peers,
): Promise<MediaLeg> {
  const { id, sdp } = await peers.ask('carrier');
  const leg = await session.createLeg(role);
  const offer = leg.createOffer();
  const answered = await leg.applyAnswer(sdp);
  if (!offer.ok || !answered.ok) throw new Error('the answer of the bench cannot be used');
  await peers.ask('speak', { id, port: portOf(offer.sdp) });
  return leg;
}

/** @throws Error when somebody hears nothing */
async function settled(peers: Peers): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await peers.ask('heard');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const { deaf } = await peers.ask('heard');
  if (deaf > 0) throw new Error(`${deaf} of the peers hear nothing`);
}

/** Keeps nothing but how much there was, and how much of it was no silence. */
class CountingSink implements RecordingSink {
  octets = 0;
  voice = 0;

  begin(): void {
    return;
  }

  write(octets: Buffer): void {
    this.octets += octets.length;
    for (let at = 0; at < octets.length; at += 160) if (octets[at] !== 0xff) this.voice += 160;
  }

  end(): void {
    return;
  }
}

const portOf = (sdp: string): number => Number(/m=audio (\d+)/.exec(sdp)?.[1]);
const more = (cost: Cost, than: Cost): number =>
  (cost.workerMs + cost.switchMs - than.workerMs - than.switchMs) / CALLS;
const each = (ms: number): string => (ms / CALLS).toFixed(3);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
