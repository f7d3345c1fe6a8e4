import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './lib/paths.mjs';
import { fail, say } from './lib/say.mjs';

/**
 * Makes the prompts of freeswitch/prompts/prompts.yaml: 8 kHz, mono, 16 bits, without silence around them, each as
 * loud as the others. Needs espeak-ng and sox; the files are part of the repository, so only who changes a text does.
 * What a file says stands in it (the comment of its INFO list): files whose text has not changed are left alone.
 * `--all` makes all of them.
 */
const FOLDER = join(ROOT, 'freeswitch/prompts');
const ENDING = '.wav';
const RATE = 8_000;
const FRAME = 160;
const FULL_SCALE = 32_767;

/** An American voice, a little slower than it speaks by itself: words a minute, pitch 0 … 99. */
const VOICE = ['-v', 'en-us', '-s', '150', '-p', '42', '-g', '2'];
/** Telephones carry nothing below 300 Hz (ITU-T G.712); what is there only takes room from the rest. */
const FILTER = ['rate', '-h', String(RATE), 'highpass', '200'];
/** Of speech, where it is spoken: -16 dBm0. A full scale sine is +3.14 dBm0 (ITU-T G.711). */
const LEVEL = 10 ** ((-16 - 3.14) / 20) * Math.SQRT1_2;
/** Peaks stay below this. */
const CEILING = 0.9;
/** What is this far below the loudest frame is a pause. */
const PAUSE = 10 ** (-35 / 20);
const LEAD_FRAMES = 2;
const TAIL_FRAMES = 5;
const TONE = 0.15;
const FADE = 40;

const all = process.argv.includes('--all');
const table = parse(readFileSync(join(FOLDER, 'prompts.yaml'), 'utf8'));

for (const file of readdirSync(FOLDER, { recursive: true })) {
  if (!file.endsWith(ENDING) || file.slice(0, -ENDING.length) in table) continue;
  rmSync(join(FOLDER, file));
  say(`${file} is taken away`);
}
let made = 0;
for (const [name, entry] of Object.entries(table)) {
  const file = join(FOLDER, `${name}${ENDING}`);
  const comment = JSON.stringify(entry);
  if (!all && existsSync(file) && readFileSync(file).includes(`${comment}\0`)) continue;
  mkdirSync(dirname(file), { recursive: true });
  const parts = [entry].flat().map((part) => (typeof part === 'string' ? spoken(part) : tone(part)));
  writeFileSync(file, wav(parts.flat(), comment));
  made++;
}
say(`${made} of ${Object.keys(table).length} prompts made`);

/** Samples from -1 to 1, whole frames. */
function spoken(text) {
  const speech = tool('espeak-ng', [...VOICE, '--stdout', text]);
  const raw = tool(
    'sox',
    ['-D', '-t', 'wav', '-', '-t', 'raw', '-e', 'signed', '-b', '16', '-c', '1', '-', ...FILTER],
    speech,
  );
  const samples = Array.from({ length: raw.length / 2 }, (_, i) => raw.readInt16LE(2 * i) / FULL_SCALE);
  return levelled(trimmed(samples));
}

function trimmed(samples) {
  const loud = loudness(samples);
  const floor = Math.max(...loud) * PAUSE;
  const first = Math.max(0, loud.findIndex((each) => each > floor) - LEAD_FRAMES);
  const last = loud.findLastIndex((each) => each > floor) + TAIL_FRAMES;
  const cut = samples.slice(first * FRAME, (last + 1) * FRAME);
  return [...cut, ...Array((FRAME - (cut.length % FRAME)) % FRAME).fill(0)].map((sample, i, { length }) => {
    return sample * Math.min(1, i / FADE, (length - 1 - i) / FADE);
  });
}

function levelled(samples) {
  const loud = loudness(samples);
  const spokenFrames = loud.filter((each) => each > Math.max(...loud) * PAUSE);
  const level = Math.sqrt(
    spokenFrames.reduce((sum, each) => sum + each * each, 0) / Math.max(1, spokenFrames.length),
  );
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const gain = Math.min(LEVEL / level, CEILING / peak);
  return samples.map((sample) => sample * gain);
}

/** Root mean square of each frame. */
function loudness(samples) {
  return Array.from({ length: Math.ceil(samples.length / FRAME) }, (_, frame) => {
    const part = samples.slice(frame * FRAME, (frame + 1) * FRAME);
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
  });
}

function tone({ hertz, ms }) {
  const length = Math.ceil((ms * RATE) / 1_000 / FRAME) * FRAME;
  return Array.from({ length }, (_, i) => {
    const fade = Math.min(1, i / FADE, (length - 1 - i) / FADE);
    return TONE * fade * Math.sin((2 * Math.PI * hertz * i) / RATE);
  });
}

function tool(name, args, input) {
  try {
    return execFileSync(name, args, {
      input,
      maxBuffer: 64 * 1_024 * 1_024,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    if (error.code === 'ENOENT') fail(`${name} is not installed: apt-get install espeak-ng sox`);
    fail(`${name}: ${error.stderr ?? error.message}`);
  }
}

/** RIFF with a comment before the samples. */
function wav(samples, comment) {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(RATE, 4);
  format.writeUInt32LE(RATE * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  const data = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, i) => data.writeInt16LE(Math.round(sample * FULL_SCALE), 2 * i));
  const info = Buffer.concat([Buffer.from('INFO'), chunk('ICMT', Buffer.from(`${comment}\0`))]);
  return chunk(
    'RIFF',
    Buffer.concat([Buffer.from('WAVE'), chunk('fmt ', format), chunk('LIST', info), chunk('data', data)]),
  );
}

function chunk(id, body) {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}
