import type { MediaLeg, MediaSession, Sound } from '../../../src/media';
import { CallerSound } from '../../../src/signaling/caller-sound';

/** A caller whose offer is answered when the test says so, and what it hears. */
function caller() {
  const heard: (Sound | 'nothing')[] = [];
  const progressed: number[] = [];
  let answer: (result: { ok: true; sdp: string }) => void = () => undefined;
  const leg = { createAnswer: () => new Promise((resolve) => (answer = resolve)) } as unknown as MediaLeg;
  const media = {
    play: (_leg: MediaLeg, sound: Sound) => {
      heard.push(sound);
      return Promise.resolve({ stop: () => heard.push('nothing') });
    },
  } as unknown as MediaSession;
  const sound = new CallerSound(media, leg, (status) => progressed.push(status));
  const answered = async (): Promise<void> => {
    answer({ ok: true, sdp: '' });
    await new Promise(setImmediate);
  };
  return { sound, heard, progressed, answered };
}

test('music begins once the offer is answered early, and gives way to ringback', async () => {
  const { sound, heard, progressed, answered } = caller();
  sound.hold();
  expect(heard).toEqual([]);
  await answered();
  expect(progressed).toEqual([183]);
  sound.ringback();
  await new Promise(setImmediate);
  expect(heard).toEqual(['hold', 'nothing', 'ringback']);
});

test('what is wanted no more when the offer is answered is not played', async () => {
  const { sound, heard, answered } = caller();
  sound.hold();
  sound.stop();
  await answered();
  expect(heard).toEqual([]);
});

test('what is wanted in its stead is played at once', async () => {
  const { sound, heard, answered } = caller();
  sound.hold();
  sound.ringback();
  await answered();
  expect(heard).toEqual(['ringback']);
});

test('a caller who is gone hears nothing any more', async () => {
  const { sound, heard, answered } = caller();
  sound.hold();
  await answered();
  sound.close();
  sound.hold();
  sound.ringback();
  await new Promise(setImmediate);
  expect(heard).toEqual(['hold', 'nothing']);
});
