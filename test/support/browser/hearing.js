'use strict';

/**
 * Put into every page before its own scripts: notes what the page plays of the calls it has, as
 * somebody with headphones would hear it, and when what is on the screen changes. Only elements
 * that really play count: one that is muted or paused is silent.
 */
(() => {
  const FRAME_MS = 40;
  const PAUSE_MS = 250;
  const MAX_NOTES = 4_000;
  /** About −46 dB of full scale: below it nothing is said. */
  const AUDIBLE = 0.005;
  const ROWS = [697, 770, 852, 941];
  const COLUMNS = [1209, 1336, 1477, 1633];
  const KEYS = ['123A', '456B', '789C', '*0#D'];

  const players = new Set();
  const connections = [];
  const ears = new Map();
  const notes = [];
  const digits = [];
  let context;
  /** The key heard last, and when. */
  let key = { digit: '', at: 0 };
  let now = { hertz: 0, rms: 0, digit: '' };

  const note = (what) => {
    notes.push({ at: performance.timeOrigin + performance.now(), what });
    if (notes.length > MAX_NOTES) notes.shift();
  };

  const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...source,
    set(stream) {
      if (stream) players.add(this);
      source.set.call(this, stream);
    },
  });

  globalThis.RTCPeerConnection = class extends globalThis.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener('iceconnectionstatechange', () => note(`ice ${this.iceConnectionState}`));
    }
  };

  globalThis.WebSocket = class extends globalThis.WebSocket {
    constructor(...args) {
      super(...args);
      const isSip = this.url.length > 0 && [args[1]].flat().includes('sip');
      if (!isSip) return;
      this.addEventListener('open', () => note('sip open'));
      this.addEventListener('close', () => note('sip closed'));
      this.addEventListener('message', ({ data }) => {
        const text = typeof data === 'string' ? data : '';
        const line = text.slice(0, text.indexOf('\r\n'));
        if (line !== '') note(`< ${line}`);
      });
    }
    send(data) {
      const text = typeof data === 'string' ? data : '';
      const line = text.slice(0, text.indexOf('\r\n'));
      if (line !== '') note(`> ${line}`);
      super.send(data);
    }
  };

  // A tone that lasts is noise to what clears up voices.
  if (navigator.mediaDevices) {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) => {
      const audio = typeof constraints?.audio === 'object' ? constraints.audio : {};
      const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      return ask({ ...constraints, ...(constraints?.audio ? { audio: { ...audio, ...plain } } : {}) });
    };
  }

  /** Tracks of everything that plays now. */
  function playing() {
    const tracks = [];
    for (const player of players) {
      const silent = player.paused || player.muted || player.volume === 0;
      if (silent || !(player.srcObject instanceof MediaStream)) continue;
      tracks.push(...player.srcObject.getAudioTracks().filter((track) => track.readyState === 'live'));
    }
    return tracks;
  }

  /** Share of the energy at one frequency (Goertzel). */
  function share(samples, energy, hertz, rate) {
    const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / rate);
    let s1 = 0;
    let s2 = 0;
    for (const sample of samples) {
      const s0 = sample + coefficient * s1 - s2;
      s2 = s1;
      s1 = s0;
    }
    return (2 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2)) / (samples.length * energy);
  }

  function loudest(samples, energy, rate, frequencies) {
    const shares = frequencies.map((hertz) => share(samples, energy, hertz, rate));
    const best = shares.indexOf(Math.max(...shares));
    return { best, share: shares[best] };
  }

  /** The key whose two tones these samples are, or ''. */
  function digitOf(samples, energy, rate) {
    const row = loudest(samples, energy, rate, ROWS);
    const column = loudest(samples, energy, rate, COLUMNS);
    return row.share > 0.2 && column.share > 0.2 && row.share + column.share > 0.6
      ? KEYS[row.best][column.best]
      : '';
  }

  const SILENCE = { hertz: 0, rms: 0, digit: '' };

  const energyOf = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0);

  /** The loudest of some hundred frequencies that voices have. */
  function hertzOf(samples, energy, rate) {
    const frequencies = Array.from({ length: 170 }, (_, index) => 200 + 10 * index);
    return frequencies[loudest(samples, energy, rate, frequencies).best];
  }

  function describe(samples, rate, hertz) {
    const energy = energyOf(samples);
    const rms = Math.sqrt(energy / samples.length);
    if (!(rms >= AUDIBLE)) return SILENCE;
    // The last 40 ms are enough to tell a key, and the shortest key lasts as long.
    const tail = samples.subarray(-2_048);
    const tailEnergy = energyOf(tail);
    const digit = tailEnergy > 0 ? digitOf(tail, tailEnergy, rate) : '';
    return { hertz: hertz ?? hertzOf(samples, energy, rate), rms, digit };
  }

  function take(heard) {
    const [best = SILENCE] = heard.sort((a, b) => b.rms - a.rms);
    now = best;
    if (best.digit === '') return;
    // A key that is interrupted for a moment, on a busy machine, is the same key.
    const at = performance.now();
    if (best.digit !== key.digit || at - key.at > PAUSE_MS) digits.push(best.digit);
    key = { digit: best.digit, at };
  }

  /** Where there is a sound device, or something that plays it: every 40 ms. */
  function listen(tracks) {
    take(
      tracks.map((track) => {
        let ear = ears.get(track);
        if (!ear) {
          const analyser = context.createAnalyser();
          analyser.fftSize = 4_096;
          analyser.smoothingTimeConstant = 0;
          context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
          ear = { analyser, samples: new Float32Array(4_096), bins: new Float32Array(2_048) };
          ears.set(track, ear);
        }
        ear.analyser.getFloatTimeDomainData(ear.samples);
        ear.analyser.getFloatFrequencyData(ear.bins);
        const peak = ear.bins.indexOf(Math.max(...ear.bins));
        return describe(ear.samples, context.sampleRate, (peak * context.sampleRate) / 4_096);
      }),
    );
  }

  /** Firefox has no audio context that runs without a sound device; what it records can be read. */
  async function record(tracks) {
    const heard = [];
    for (const track of tracks) {
      const recorder = new MediaRecorder(new MediaStream([track]));
      const parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const stopped = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start();
      await new Promise((resolve) => setTimeout(resolve, 400));
      if (recorder.state !== 'inactive') recorder.stop();
      await stopped;
      const bytes = await new Blob(parts).arrayBuffer();
      const decoder = new OfflineAudioContext(1, 1, 48_000);
      const sound = await decoder.decodeAudioData(bytes).catch(() => undefined);
      if (sound) heard.push(describe(sound.getChannelData(0).slice(-8_192), sound.sampleRate));
    }
    take(heard);
  }

  async function attend() {
    const tracks = playing();
    if (tracks.length === 0) take([]);
    else {
      context ??= new AudioContext();
      if (context.state === 'suspended') void context.resume();
      if (context.state === 'running') listen(tracks);
      else if (navigator.userAgent.includes('Firefox')) await record(tracks);
    }
  }
  const attendOn = () =>
    attend()
      .catch((error) => note(`ears ${error}`))
      .finally(() => setTimeout(attendOn, FRAME_MS));
  attendOn();

  /** What is on the screen, by its names. */
  const shown = new Map();
  function look() {
    const found = new Map();
    for (const each of document.querySelectorAll('[data-testid]')) {
      const name = each.getAttribute('data-testid');
      const text = each.childElementCount === 0 ? (each.textContent ?? '').trim() : '';
      found.set(name, each.dataset.state ?? text);
    }
    for (const name of shown.keys()) if (!found.has(name)) note(`- ${name}`);
    for (const [name, text] of found) {
      if (!shown.has(name)) note(`+ ${name} ${text}`.trim());
      else if (shown.get(name) !== text && name !== 'call-timer') note(`= ${name} ${text}`);
    }
    shown.clear();
    for (const [name, text] of found) shown.set(name, text);
  }
  const watch = () => {
    new MutationObserver(look).observe(document.documentElement, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
      attributeFilter: ['data-testid', 'data-state'],
    });
    look();
  };
  if (document.documentElement) watch();
  else document.addEventListener('DOMContentLoaded', watch);

  /** Local and remote candidate of the pair that carries audio. */
  async function route() {
    for (const connection of [...connections].reverse()) {
      if (connection.connectionState === 'closed') continue;
      const stats = await connection.getStats();
      const reports = new Map();
      stats.forEach((report) => reports.set(report.id, report));
      for (const report of reports.values()) {
        if (report.type !== 'candidate-pair' || report.state !== 'succeeded' || !report.nominated) continue;
        return {
          local: reports.get(report.localCandidateId)?.candidateType,
          remote: reports.get(report.remoteCandidateId)?.candidateType,
        };
      }
    }
    return undefined;
  }

  globalThis.dceHearing = {
    heard: () => ({ ...now, digits: digits.join('') }),
    notes: () => notes,
    route,
  };
})();
