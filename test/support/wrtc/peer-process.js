'use strict';

/**
 * One libwebrtc peer in a process of its own: the library does not survive the end of a process that
 * has used it. Speaks a tone, and says what share of what it hears lies at a frequency.
 */
const { RTCPeerConnection, nonstandard } = require('@roamhq/wrtc');

const RATE = 48_000;
const FRAME_MS = 10;
const FRAME = (RATE * FRAME_MS) / 1_000;
const HEARD_MS = 400;

const connection = new RTCPeerConnection();
const source = new nonstandard.RTCAudioSource();
connection.addTrack(source.createTrack());
let heard = [];
let heardRate = RATE;
let heardAt = 0;
let hertz = 0;
let spoken = 0;

let sink;
// Again when it is spoken to again: who hears by two sinks hears everything twice.
connection.ontrack = ({ track }) => {
  sink?.stop();
  sink = new nonstandard.RTCAudioSink(track);
  sink.ondata = ({ samples, sampleRate }) => {
    heardAt = performance.now();
    heardRate = sampleRate;
    heard.push(...samples);
    heard = heard.slice(-(sampleRate * HEARD_MS) / 1_000);
  };
};

const began = performance.now();
setInterval(() => {
  const due = Math.floor((performance.now() - began) / FRAME_MS);
  for (; spoken < due; spoken++) {
    const samples = Int16Array.from({ length: FRAME }, (_, i) =>
      hertz === 0 ? 0 : 12_000 * Math.sin((2 * Math.PI * hertz * (spoken * FRAME + i)) / RATE),
    );
    source.onData({ samples, sampleRate: RATE, bitsPerSample: 16, channelCount: 1, numberOfFrames: FRAME });
  }
}, FRAME_MS);

/** Share of the energy at one frequency (Goertzel), 0 … 1. */
function share(frequency) {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / heardRate);
  let [s1, s2, energy] = [0, 0, 0];
  for (const sample of heard) {
    [s1, s2] = [sample + coefficient * s1 - s2, s1];
    energy += sample * sample;
  }
  if (energy === 0 || heard.length < (heardRate * HEARD_MS) / 1_000) return 0;
  return (2 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2)) / (heard.length * energy);
}

async function gathered() {
  while (connection.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 10));
  return connection.localDescription.sdp;
}

const METHODS = {
  async answer(sdp) {
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription(await connection.createAnswer());
    return gathered();
  },
  async offer(options) {
    await connection.setLocalDescription(await connection.createOffer(options));
    return gathered();
  },
  async accept(sdp) {
    await connection.setRemoteDescription({ type: 'answer', sdp });
  },
  direction(wanted) {
    connection.getTransceivers()[0].direction = wanted;
  },
  speak(frequency) {
    hertz = frequency;
  },
  share,
  /** While nothing is to be heard by the description, nothing comes, not even silence. */
  level: () =>
    performance.now() - heardAt > HEARD_MS
      ? 0
      : Math.sqrt(heard.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, heard.length)),
  state: () => connection.connectionState,
  close() {
    connection.close();
  },
};

process.on('message', async ({ id, method, argument }) => {
  try {
    process.send({ id, result: await METHODS[method](argument) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
