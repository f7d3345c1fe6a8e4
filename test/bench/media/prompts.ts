import type { MediaLeg, MediaSession, MediasoupEngine } from '../../../src/media';
import { measureCost } from './cpu';
import type { Peers } from './peers';

const LEGS = 100;
/** Longer than is measured, and speech all the time. */
const CLIPS: readonly string[] = Array<string>(16).fill('queue/still-there');
const HEARD_EVERY_MS = 250;
const HEARD_TRIES = 40;

interface Leg {
  readonly session: MediaSession;
  readonly leg: MediaLeg;
}

/**
 * What a second of a prompt costs for each leg that hears one: processor milliseconds of media worker and switch
 * together, less what the same legs cost while they hear nothing. Keys are read of them either way.
 * @throws Error when a leg heard nothing, or not all
 */
export async function measurePrompts(engine: MediasoupEngine, peers: Peers, ms: number): Promise<number> {
  const legs: Leg[] = [];
  for (let i = 0; i < LEGS; i++) legs.push(await answered(engine, peers));
  // A voice that has said something stays; so do the ears.
  const first = await Promise.all(legs.map(({ session, leg }) => session.play(leg, ['digits/1'])));
  await Promise.all(first.map(({ done }) => done));
  const quiet = await measureCost(engine, ms);
  await Promise.all(legs.map(({ session, leg }) => session.play(leg, CLIPS)));
  await everybodyHears(peers);
  let lost = 0;
  const speaking = await measureCost(engine, ms, async () => {
    const { received, expected, deaf } = await peers.ask('heard');
    lost = deaf > 0 ? expected : expected - received;
  });
  for (const { session } of legs) session.close();
  await peers.ask('hush');
  if (lost > 0) throw new Error(`${lost} packets of prompts did not arrive`);
  const cost = (of: typeof quiet): number => of.workerMs + of.switchMs;
  print(
    `prompts to ${LEGS} legs: CPU ms per leg and second: media worker ${each(speaking.workerMs)}, switch ${each(speaking.switchMs)}; while silent ${each(quiet.workerMs)}, ${each(quiet.switchMs)}`,
  );
  return (cost(speaking) - cost(quiet)) / LEGS;
}

async function answered(engine: MediasoupEngine, peers: Peers): Promise<Leg> {
  const session = engine.openSession('bench', {
    onMediaLost: () => undefined,
    onRtpTimeout: () => undefined,
    onDigit: () => undefined,
  });
  const { id, sdp } = await peers.ask('carrier');
  const leg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  const offered = leg.receiveOffer(sdp);
  const answer = await leg.createAnswer();
  if (!offered.ok || !answer.ok) throw new Error('the offer of the bench cannot be used');
  await peers.ask('speak', { id, port: Number(/m=audio (\d+)/.exec(answer.sdp)?.[1]) });
  return { session, leg };
}

async function everybodyHears(peers: Peers): Promise<void> {
  for (let tries = 0; tries < HEARD_TRIES; tries++) {
    await new Promise((resolve) => setTimeout(resolve, HEARD_EVERY_MS));
    const { deaf } = await peers.ask('heard');
    if (deaf === 0) return;
  }
}

const each = (ms: number): string => (ms / LEGS).toFixed(3);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
