import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { PromptFolder } from '../../../src/media';
import { readWav } from '../../../src/media/prompts/wav';
import { decodeG711, encodeG711, encodePcm } from '../../../src/media/sounds/g711';

const SHIPPED = join(__dirname, '../../../freeswitch/prompts');
const PLANS = join(__dirname, '../../../dialplans');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prompts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Shape {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  /** Before the samples. */
  readonly before?: Buffer;
}

function chunk(id: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function wav(data: Buffer, { tag = 1, channels = 1, rate = 8_000, bits = 16, before }: Shape = {}): Buffer {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt16LE(bits, 14);
  const parts = [Buffer.from('WAVE'), chunk('fmt ', format), before ?? Buffer.alloc(0), chunk('data', data)];
  return chunk('RIFF', Buffer.concat(parts));
}

function put(name: string, file: Buffer): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), file);
}

const pcm = (...samples: number[]): Buffer => Buffer.from(Int16Array.from(samples).buffer);

describe('what is shipped', () => {
  const table = parse(readFileSync(join(SHIPPED, 'prompts.yaml'), 'utf8')) as Record<string, unknown>;

  test('every prompt that a plan names, and every one of the table, is a file of 8 kHz, mono, 16 bits', async () => {
    const prompts = await PromptFolder.open(SHIPPED);
    expect(prompts.problems).toEqual([]);
    expect([...prompts.names()].sort()).toEqual(Object.keys(table).sort());
    const plans = readdirSync(PLANS).filter((file) => file.endsWith('.yaml'));
    const named = plans.flatMap((file) => promptsOf(parse(readFileSync(join(PLANS, file), 'utf8'))));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !prompts.names().has(name))).toEqual([]);
    for (const name of prompts.names()) {
      expect(readWav(readFileSync(join(SHIPPED, `${name}.wav`))).encoding).toBe('PCM');
    }
  });

  test('a file says what its line of the table says', () => {
    for (const [name, entry] of Object.entries(table)) {
      const file = readFileSync(join(SHIPPED, `${name}.wav`));
      expect(file.includes(`${JSON.stringify(entry)}\0`) || `another text: ${name}`).toBe(true);
    }
  });

  test('prompts are as loud as each other, are not clipped, and begin soon', async () => {
    const prompts = await PromptFolder.open(SHIPPED);
    for (const name of prompts.names()) {
      const samples = decodeG711(prompts.octets(name, 'PCMU') ?? Buffer.alloc(0), 'PCMU');
      const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      expect([name, loudest > 0.1 && loudest < 0.99]).toEqual([name, true]);
      const begins = samples.findIndex((sample) => Math.abs(sample) > loudest / 20);
      expect([name, begins < 1_000]).toEqual([name, true]);
    }
  });
});

/** Whatever a plan plays. */
function promptsOf(plan: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown, key: string): void => {
    if (typeof value === 'string' && ['play', 'whisper', 'again'].includes(key)) found.push(value);
    if (Array.isArray(value)) for (const each of value) visit(each, key);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, each] of Object.entries(value)) visit(each, name);
    }
  };
  visit(plan, '');
  return found;
}

test('prompts are named by where they lie, in whole frames; either law is taken as it is', async () => {
  put('a/b.wav', wav(pcm(0, 1_000, -1_000)));
  put('mu.wav', wav(Buffer.alloc(160, 0x12), { tag: 7, bits: 8, before: chunk('LIST', Buffer.from('odd')) }));
  put('a-law.wav', wav(Buffer.alloc(161, 0x34), { tag: 6, bits: 8 }));
  put('.hidden.wav', Buffer.from('x'));
  put('notes.txt', Buffer.from('x'));
  const prompts = await PromptFolder.open(folder);
  expect(prompts.problems).toEqual([]);
  expect([...prompts.names()]).toEqual(['a/b', 'a-law', 'mu']);
  const octets = prompts.octets('a/b', 'PCMU');
  expect(octets).toEqual(
    Buffer.concat([encodeG711([0, 1_000 / 32_767, -1_000 / 32_767], 'PCMU'), Buffer.alloc(157, 0xff)]),
  );
  expect(prompts.octets('mu', 'PCMU')).toEqual(Buffer.alloc(160, 0x12));
  expect(prompts.octets('mu', 'PCMA')).toHaveLength(160);
  expect(prompts.octets('a-law', 'PCMA')).toEqual(
    Buffer.concat([Buffer.alloc(161, 0x34), Buffer.alloc(159, 0xd5)]),
  );
  expect(prompts.octets('c', 'PCMU')).toBeUndefined();
});

test.each<[string, Buffer, string]>([
  ['text', Buffer.from('hello'), 'is no WAV file'],
  ['an empty file', Buffer.alloc(0), 'is no WAV file'],
  ['stereo', wav(pcm(1, 2), { channels: 2 }), 'has 2 channels, not one'],
  ['44.1 kHz', wav(pcm(1), { rate: 44_100 }), 'has 44100 samples a second, not 8000'],
  ['24 bits', wav(pcm(1), { bits: 24 }), 'has samples of 24 bits, not of 16'],
  [
    'MP3 in a WAV file',
    wav(pcm(1), { tag: 0x55 }),
    'is encoded as 85, not as PCM (1), A-law (6) or µ-law (7)',
  ],
  ['no samples', wav(Buffer.alloc(0)), 'has no samples'],
  ['a file without a format', wav(pcm(1)).subarray(0, 12), 'does not say what its samples are'],
  ['a file that is not all there', wav(pcm(1, 2)).subarray(0, -1), 'ends before its samples do'],
])('%s is no prompt, and that is said', async (_what, file, why) => {
  put('bad.wav', file);
  put('good.wav', wav(pcm(1)));
  const prompts = await PromptFolder.open(folder);
  expect(prompts.problems).toEqual([`${join(folder, 'bad.wav')}: ${why}`]);
  expect([...prompts.names()]).toEqual(['good']);
});

test('a file of a writer who did not know how long it would be is taken to its end', async () => {
  const file = wav(pcm(1, 2));
  file.writeUInt32LE(0x7fff_ffff, file.length - 8);
  put('streamed.wav', file);
  const prompts = await PromptFolder.open(folder);
  expect([prompts.problems, prompts.octets('streamed', 'PCMU')?.length]).toEqual([[], 160]);
});

test('a name that no plan could say, and more than there is room for, are refused file by file', async () => {
  put('Über.wav', wav(pcm(1)));
  put('long.wav', wav(Buffer.alloc(16_000 * 601)));
  const prompts = await PromptFolder.open(folder);
  expect(prompts.problems).toEqual([
    expect.stringContaining('no plan could name this'),
    `${join(folder, 'long.wav')}: is longer than 600 seconds`,
  ]);
});

test('what changed in the folder is known after it is read again, and only that is read', async () => {
  put('same.wav', wav(pcm(1)));
  put('changed.wav', wav(pcm(1)));
  put('gone.wav', wav(pcm(1)));
  const prompts = await PromptFolder.open(folder);
  const [same, changed] = ['same', 'changed'].map((name) => prompts.octets(name, 'PCMU'));
  put('changed.wav', wav(pcm(20_000)));
  utimesSync(join(folder, 'changed.wav'), 1, 1);
  rmSync(join(folder, 'gone.wav'));
  put('new.wav', wav(pcm(1)));
  await Promise.all([prompts.reload(), prompts.reload()]);
  expect([...prompts.names()]).toEqual(['changed', 'new', 'same']);
  expect(prompts.octets('same', 'PCMU')).toBe(same);
  expect(prompts.octets('changed', 'PCMU')).not.toEqual(changed);
  put('same.wav', wav(pcm(1, 2, 3)).subarray(0, -2));
  expect(await prompts.reload()).toEqual([`${join(folder, 'same.wav')}: ends before its samples do`]);
  expect(prompts.octets('same', 'PCMU')).toBe(same);
});

test('a folder that cannot be read: said in a line, and what was known stays', async () => {
  await expect(PromptFolder.open(join(folder, 'none'))).rejects.toThrow(
    /^the prompts' folder .*none: .*ENOENT/,
  );
  put('good.wav', wav(pcm(1)));
  const prompts = await PromptFolder.open(folder);
  rmSync(folder, { recursive: true });
  await expect(prompts.reload()).rejects.toThrow(/ENOENT/);
  expect([...prompts.names()]).toEqual(['good']);
  mkdirSync(folder);
});

test('law: no octets whatever make the reader do worse than say what is wrong', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(60), (noise, at) => {
      const file = Buffer.concat([wav(pcm(1, 2, 3)), Buffer.alloc(40)]);
      Buffer.from(noise).copy(file, at);
      try {
        expect(readWav(file).octets.length).toBeLessThanOrEqual(file.length);
      } catch (error) {
        expect((error as Error).message).toMatch(/^(is|has|does|ends) /);
      }
    }),
  );
});

test('linear samples are encoded as by the formula', () => {
  const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
  for (const codec of ['PCMU', 'PCMA'] as const) {
    const byFormula = encodeG711(
      Float64Array.from(samples, (sample) => sample / 32_767),
      codec,
    );
    expect(encodePcm(Buffer.from(samples.buffer), codec).equals(byFormula)).toBe(true);
    // What is decoded is encoded as it was.
    const octets = Uint8Array.from({ length: 256 }, (_, i) => i).filter((octet) => octet !== 0x7f);
    expect([...encodeG711(decodeG711(octets, codec), codec)]).toEqual([...octets]);
  }
});
