import type { MediaLeg, MediaSession, MediasoupEngine } from '../../../src/media';
import { measureCost } from './cpu';
import type { Peers } from './peers';

const LEGS = 100;
const SPEECH = 'consent/recording';
const SETTLE_MS = 2_000;
/** Nobody is told from anybody while it is measured: the peers talk on, and no word is too many. */
const TERMS = { greetingMs: 3_600_000, maxWords: 1_000_000 };
/** As long as it takes by the terms of every day; a new one begins then. */
const MAX_MS = 4_500;

interface Leg {
  readonly session: MediaSession;
  readonly leg: MediaLeg;
}

/**
 * What a second of finding out whether a machine answered costs for each leg that is listened to: processor milliseconds
 * of media worker and switch together, less what the same legs cost while nobody listens.
 * @throws Error when somebody was told from anybody
 */
export async function measureMachines(engine: MediasoupEngine, peers: Peers, ms: number): Promise<number> {
  const legs: Leg[] = [];
  for (let i = 0; i < LEGS; i++) legs.push(await answering(engine, peers));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const plain = await measureCost(engine, ms);
  const verdicts = new Set<string>();
  let over = false;
  const listenOn = async ({ session, leg }: Leg): Promise<void> => {
    while (!over) {
      const { verdict, reason } = await session.detectMachine(leg, { ...TERMS, maxMs: MAX_MS });
      if (!over) verdicts.add(`${verdict}: ${reason}`);
    }
  };
  const listening = legs.map(listenOn);
  const listened = await measureCost(engine, ms);
  over = true;
  for (const { session } of legs) session.close();
  await Promise.all(listening);
  await peers.ask('hush');
  if ([...verdicts].some((each) => each !== 'unsure: time')) {
    throw new Error(`what nobody could tell was told: ${[...verdicts].join(', ')}`);
  }
  print(
    `${LEGS} legs: CPU ms per leg and second: media worker ${each(plain.workerMs)}, switch ${each(plain.switchMs)}; ` +
      `listened to for machines ${each(listened.workerMs)}, ${each(listened.switchMs)}`,
  );
  return (listened.workerMs + listened.switchMs - plain.workerMs - plain.switchMs) / LEGS;
}

/** Somebody who talks, and is bridged to nobody yet. */
async function answering(engine: MediasoupEngine, peers: Peers): Promise<Leg> {
  const session = engine.openSession('bench', {
    onMediaLost: () => undefined,
    onRtpTimeout: () => undefined,
  });
  const { id, sdp } = await peers.ask('carrier');
  const leg = await session.createLeg('buyer');
  const offer = leg.createOffer();
  const answered = await leg.applyAnswer(sdp);
  if (!offer.ok || !answered.ok) throw new Error('the answer of the bench cannot be used');
  const port = Number(/m=audio (\d+)/.exec(offer.sdp)?.[1]);
  await peers.ask('speak', { id, port, says: SPEECH });
  return { session, leg };
}

const each = (ms: number): string => (ms / LEGS).toFixed(3);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
