import type { CallAttempt } from '../../../../src/domain';
import type { Recorder, RecordingFacts, RecordingSink } from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import type { RecordingRequest } from '../../../../src/signaling/ports';
import type { RecordedCall } from '../../../../src/signaling/recording/call-recording';
import { CallRecording, MAX_PAUSE_MS } from '../../../../src/signaling/recording/call-recording';

const FACTS: RecordingFacts = { durationMs: 1_000, pausedMs: 0, lostMs: [0, 0] };
const NOW = 1_767_225_600_000;

/** An engine that records, a desk that keeps, and what is told of both. */
class Studio {
  readonly log: string[] = [];
  readonly requests: Partial<RecordingRequest>[] = [];
  refused: string | undefined;
  lacks = false;
  sink: RecordingSink | undefined;
  /** What the engine waits for before it begins. */
  until: Promise<unknown> = Promise.resolve();
  #made = 0;

  readonly recording = new CallRecording({
    attempt: { callId: 'call-1' } as CallAttempt,
    clock: { now: () => NOW, monotonic: () => 0 },
    recordings: {
      open: (request) => {
        this.requests.push(request);
        if (this.refused !== undefined) return { refused: this.refused };
        const recordingId = `r${++this.#made}`;
        const sink: RecordingSink = {
          begin: () => undefined,
          write: () => undefined,
          end: (facts, lost) => this.log.push(`${recordingId} kept ${facts.durationMs} ${lost ?? 'whole'}`),
        };
        return { recordingId, sink };
      },
    },
    media: {
      record: async (sink) => {
        await this.until;
        if (this.lacks) throw new MediaUnavailable('the engine records nothing');
        this.sink = sink;
        let paused = false;
        const recorder: Recorder = {
          get paused() {
            return paused;
          },
          pause: () => void ((paused = true), this.log.push('engine pauses')),
          resume: () => void ((paused = false), this.log.push('engine resumes')),
          stop: () => {
            sink.end(FACTS);
            return Promise.resolve(FACTS);
          },
        };
        return recorder;
      },
    },
    tell: ({ recordingId, state, by, detail, resumesAt }) =>
      this.log.push(
        [recordingId, state, by, detail, resumesAt === undefined ? undefined : `until +${resumesAt - NOW}`]
          .filter((part) => part !== undefined)
          .join(' '),
      ),
    onBug: (error) => this.log.push(`bug ${String(error)}`),
  } satisfies RecordedCall);
}

describe('the recording of a call', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('begins once, says whether the caller was told, and is kept when it is stopped', async () => {
    const studio = new Studio();
    const { recording } = studio;
    recording.announced();
    const [first, second] = await Promise.all([
      recording.start('conversation', undefined),
      recording.start('conversation', undefined, 'ann'),
    ]);
    expect(first).toEqual({ ok: true, recordingId: 'r1' });
    expect(second).toEqual(first);
    await expect(recording.start('conversation', undefined)).resolves.toEqual(first);
    expect(studio.requests).toMatchObject([{ kind: 'conversation', announcedAt: NOW }]);
    await expect(recording.stop('ann')).resolves.toBe(true);
    await expect(recording.stop('ann')).resolves.toBe(false);
    expect(studio.log).toEqual(['r1 on', 'r1 off ann', 'r1 kept 1000 whole']);
    expect(recording.state).toBe('off');
  });

  it('says why it may not be, and where the engine cannot', async () => {
    const studio = new Studio();
    studio.refused = 'Cal. Penal Code § 632';
    await expect(studio.recording.start('conversation', undefined)).resolves.toMatchObject({
      why: 'refused',
    });
    studio.refused = undefined;
    studio.lacks = true;
    await expect(studio.recording.start('conversation', undefined)).resolves.toMatchObject({
      why: 'media_cannot',
    });
    expect(studio.log).toEqual([
      ' refused Cal. Penal Code § 632',
      'r1 kept 0 the engine records nothing',
      'r1 off the engine records nothing',
    ]);
  });

  it('resumes by itself, and keys pressed meanwhile are noted nowhere', async () => {
    const studio = new Studio();
    const { recording } = studio;
    expect(recording.pause('ann', 1_000)).toBe(false);
    await recording.start('conversation', undefined);
    recording.pause('ann', 60_000);
    jest.advanceTimersByTime(30_000);
    recording.pause('ann', 60_000);
    jest.advanceTimersByTime(59_999);
    expect(recording.state).toBe('paused');
    expect(recording.masksKeys).toBe(true);
    jest.advanceTimersByTime(1);
    expect(recording.state).toBe('on');
    expect(recording.masksKeys).toBe(false);
    expect(recording.resumesAt).toBeUndefined();
    recording.pause('ann', 10 * MAX_PAUSE_MS);
    expect(recording.resumesAt).toBe(NOW + MAX_PAUSE_MS);
    expect(recording.resume('bob')).toBe(true);
    expect(recording.resume('bob')).toBe(true);
    expect(studio.log).toEqual([
      'r1 on',
      'engine pauses',
      'r1 paused ann until +60000',
      'engine pauses',
      'r1 paused ann until +60000',
      'engine resumes',
      'r1 on the time of the pause is over',
      'engine pauses',
      `r1 paused ann until +${MAX_PAUSE_MS}`,
      'engine resumes',
      'r1 on bob',
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is paused before the engine has begun where that is asked for', async () => {
    const studio = new Studio();
    const begun = studio.recording.start('conversation', undefined);
    await Promise.resolve();
    expect(studio.recording.pause('ann', 1_000)).toBe(true);
    await begun;
    expect(studio.log).toContain('engine pauses');
    studio.recording.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends with what the engine lost, and another may follow', async () => {
    const studio = new Studio();
    const { recording } = studio;
    await recording.start('conversation', undefined);
    studio.sink?.end(FACTS, 'the worker died');
    expect(recording.state).toBe('off');
    await expect(recording.start('conversation', undefined)).resolves.toEqual({
      ok: true,
      recordingId: 'r2',
    });
    recording.close();
    recording.close();
    expect(studio.log).toEqual([
      'r1 on',
      'r1 kept 1000 the worker died',
      'r1 off the worker died',
      'r2 on',
      'r2 off',
      'r2 kept 1000 whole',
    ]);
  });

  it('never outlives its call, even where the engine begins too late', async () => {
    const studio = new Studio();
    let begin: () => void = () => undefined;
    studio.until = new Promise<void>((resolve) => (begin = resolve));
    const begun = studio.recording.start('conversation', undefined);
    await Promise.resolve();
    studio.recording.close();
    begin();
    await expect(begun).resolves.toMatchObject({ ok: false, why: 'over' });
    expect(studio.log).toEqual(['r1 off', 'r1 kept 1000 whole']);
    await expect(studio.recording.start('voicemail', undefined)).resolves.toMatchObject({ why: 'over' });
  });
});
