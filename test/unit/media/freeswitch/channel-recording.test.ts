import { appendFileSync, existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingFacts } from '../../../../src/media';
import type { Channel } from '../../../../src/media/freeswitch/channel';
import { ChannelRecording } from '../../../../src/media/freeswitch/channel-recording';
import { Spool } from '../../../../src/media/freeswitch/spool';
import { until } from '../../../support/until';

const CALLER = 0x11;
const OTHER = 0x22;
const SILENCE = 0xff;
const OCTETS_PER_MS = 16;

let folder: string;
let now = 0;
beforeEach(() => {
  now = 1_000;
  folder = mkdtempSync(join(tmpdir(), 'dce-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Both say one octet all the time, for so many milliseconds. */
const said = (ms: number): Buffer =>
  Buffer.from(Array.from({ length: ms * 8 }, () => [CALLER, OTHER]).flat());

/** A channel that does what it is told, and writes it down; a file that grows as the test says. */
class Stage {
  readonly file = join(folder, 'call.ul');
  readonly commands: string[] = [];
  readonly written: Buffer[] = [];
  readonly ends: [RecordingFacts, string | undefined][] = [];
  fails: string | undefined;
  over = 0;

  async begin(joined = true): Promise<ChannelRecording> {
    const channel = {
      uuid: 'u',
      closed: false,
      command: (command: string, ...args: string[]) => {
        this.commands.push([command, ...args].join(' '));
        return args.includes(this.fails ?? '-') ? Promise.reject(new Error('no')) : Promise.resolve('+OK');
      },
    } as unknown as Channel;
    return ChannelRecording.begin(
      {
        channel,
        file: this.file,
        format: { encoding: 'PCMU' },
        sink: {
          begin: () => undefined,
          write: (octets) => this.written.push(octets),
          end: (facts, lost) => this.ends.push([facts, lost]),
        },
        now: () => now,
        lostMs: () => [40, 0],
        onEnd: () => this.over++,
      },
      joined,
    );
  }

  grow(ms: number): void {
    appendFileSync(this.file, said(ms));
    now += ms;
  }

  get octets(): Buffer {
    return Buffer.concat(this.written);
  }
}

test('what was written is taken over, and told once', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  stage.grow(1_000);
  const facts = await recording.stop();
  expect(facts).toEqual({ durationMs: 1_000, pausedMs: 0, lostMs: [0, 0] });
  expect(stage.octets.equals(said(1_000))).toBe(true);
  expect(await recording.stop()).toBe(facts);
  expect([stage.ends, stage.over]).toEqual([[[facts, undefined]], 1]);
});

test('it is taken while it grows, but for the last of it', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  stage.grow(2_000);
  await until('some of it', () => stage.octets.length > 0);
  expect(stage.octets.length).toBe(1_600 * OCTETS_PER_MS);
  await recording.stop();
  expect(stage.octets.length).toBe(2_000 * OCTETS_PER_MS);
});

test('while the caller is with nobody, the other channel is silent, and the caller is not', async () => {
  const stage = new Stage();
  const recording = await stage.begin(false);
  stage.grow(500);
  recording.joined();
  stage.grow(500);
  recording.parted();
  recording.parted();
  stage.grow(500);
  recording.joined();
  stage.grow(500);
  await recording.stop();
  const others = [...Array(4).keys()].map((half) => {
    const octets = stage.octets.subarray(half * 500 * OCTETS_PER_MS, (half + 1) * 500 * OCTETS_PER_MS);
    expect(octets.filter((_, at) => at % 2 === 0).every((octet) => octet === CALLER)).toBe(true);
    return [...new Set(octets.filter((_, at) => at % 2 === 1))];
  });
  expect(others).toEqual([[SILENCE], [OTHER], [SILENCE], [OTHER]]);
});

test('a pause is told to FreeSWITCH, and counted', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  stage.grow(100);
  recording.pause();
  recording.pause();
  expect(recording.paused).toBe(true);
  stage.grow(300);
  recording.resume();
  stage.grow(100);
  recording.pause();
  stage.grow(200);
  expect(await recording.stop()).toMatchObject({ durationMs: 700, pausedMs: 500 });
  recording.pause();
  expect(stage.commands.slice(2).map((command) => command.split(' ')[2])).toEqual([
    'mask',
    'unmask',
    'mask',
    'stop',
  ]);
});

test('what cannot be paused is not gone on with: nothing is kept that should not be', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  stage.grow(100);
  stage.fails = 'mask';
  recording.pause();
  stage.grow(100);
  await until('its end', () => stage.ends.length === 1);
  expect(stage.ends[0]?.[1]).toBe('it could not be paused');
  expect(stage.octets.length).toBe(100 * OCTETS_PER_MS);
});

test('one that ends at once may have no file', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  const facts = await recording.stop();
  expect(stage.ends).toEqual([[{ ...facts, durationMs: 0 }, undefined]]);
});

test('without a file it ends all the same, and says why', async () => {
  const stage = new Stage();
  const recording = await stage.begin();
  now += 5_000;
  expect(await recording.end()).toMatchObject({ durationMs: 0 });
  expect(stage.ends[0]?.[1]).toContain('ENOENT');
});

test('what a killed switch left in the spool goes; what is being written, and what is none of it, stays', async () => {
  const spool = await Spool.open(folder);
  const [inUse, left, young] = [1, 2, 3].map((n) => spool.recordingFile(`${'0'.repeat(35)}${n}`, 'PCMU'));
  const foreign = join(folder, 'notes.txt');
  const long = new Date(Date.now() - 3_600_000);
  for (const file of [inUse, left, young, foreign]) writeFileSync(String(file), 'x');
  await spool.remove(String(left));
  await spool.remove(String(young));
  for (const file of [left, young]) writeFileSync(String(file), 'x');
  for (const file of [inUse, left, foreign]) utimesSync(String(file), long, long);
  await spool.sweep();
  spool.close();
  expect([inUse, left, young, foreign].map((file) => existsSync(String(file)))).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect(existsSync(spool.soundFile('hold'))).toBe(true);
});
