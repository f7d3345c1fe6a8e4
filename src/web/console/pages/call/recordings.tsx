import { useEffect, useRef, useState } from 'preact/hooks';
import type { Page } from '../../api/client';
import type { Recording } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { clockText, HALF, outlinesOf } from '../../core/waveform';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Facts, Panel } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
import { useQuery } from '../../ui/use-query';
import { Text, Time } from '../../ui/values';

const KINDS = { conversation: 'Conversation', voicemail: 'Message' } as const;
const TONES = { recording: 'accent', saved: 'good', failed: 'bad', erased: 'plain' } as const;
/** So far one key press goes. */
const STEP_S = 5;

/** What was recorded of a call, to be listened to. */
export function RecordingsView({ callId }: { readonly callId: string }) {
  const asked = useQuery<Page<Recording>>('/recordings', { callId });
  const { data, problem, reload } = asked;
  if (data === undefined) {
    return problem === undefined ? <Loading /> : <Failure problem={problem} onRetry={reload} />;
  }
  if (data.items.length === 0) return <Empty title="Nothing was recorded, or not for you" />;
  return (
    <div class="stack">
      {data.items.map((one) => (
        <One key={one.id} recording={one} />
      ))}
    </div>
  );
}

function One({ recording }: { readonly recording: Recording }) {
  const listens = useMay('recordings:listen');
  const { kind, state, startedAt, durationMs, pausedMs, lost, eraseAfter, legalHold, consent } = recording;
  return (
    <Panel title={KINDS[kind]}>
      <p class="row">
        <Badge state={state} tone={TONES[state]} />
        {legalHold && <Badge state="held" tone="warn" text="Held for a claim" />}
      </p>
      {state === 'saved' && listens && <Player recording={recording} />}
      {state === 'saved' && !listens && <p class="quiet">You may not listen to it.</p>}
      <Facts
        facts={[
          ['Begun', <Time key="at" at={startedAt} />],
          ['Length', <Text key="length">{durationMs === null ? null : clockText(durationMs)}</Text>],
          ...(pausedMs === null || pausedMs === 0 ? [] : [['Paused', clockText(pausedMs)] as const]),
          ...(lost === null ? [] : [['Not whole', lost] as const]),
          ...(consent === undefined
            ? []
            : [
                [
                  'Announced',
                  consent.announcedAt === null ? (
                    'No: one party is enough'
                  ) : (
                    <Time key="announced" at={consent.announcedAt} />
                  ),
                ] as const,
                ['Rests on', consent.citation] as const,
              ]),
          ...(state === 'saved' && !legalHold
            ? [['Erased after', <Time key="until" at={eraseAfter} />] as const]
            : []),
        ]}
      />
    </Panel>
  );
}

/** Nothing is loaded, and nobody has listened, before it is asked for. */
function Player({ recording: { id, durationMs } }: { readonly recording: Recording }) {
  const { api } = useConsole();
  const { data } = useQuery<Recording>(`/recordings/${id}`);
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [failed, setFailed] = useState(false);
  const lengthS = (durationMs ?? 0) / 1_000;
  const source = api.urlOf(`/recordings/${id}/audio`);
  useEffect(() => () => audio.current?.pause(), []);
  const seek = (to: number): void => {
    setAt(to);
    if (audio.current) audio.current.currentTime = to;
  };
  const toggle = (): void => {
    setFailed(false);
    if (playing) audio.current?.pause();
    else audio.current?.play().catch(() => setFailed(true));
  };
  return (
    <div class="player" data-testid="player">
      <audio
        ref={audio}
        src={source}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setAt(lengthS)}
        onTimeUpdate={({ currentTarget }) => setAt(currentTarget.currentTime)}
        onError={() => setFailed(true)}
      />
      <Button kind="primary" onClick={toggle} testId="play">
        {playing ? 'Pause' : 'Play'}
      </Button>
      <div class="player-wave">
        {data?.waveform && <Wave waveform={data.waveform} part={lengthS === 0 ? 0 : at / lengthS} />}
        <input
          type="range"
          min={0}
          max={lengthS}
          step={Math.min(STEP_S, Math.max(0.1, lengthS / 20))}
          value={at}
          aria-label="Place in the recording"
          aria-valuetext={`${clockText(at * 1_000)} of ${clockText(lengthS * 1_000)}`}
          onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
        />
      </div>
      <span class="row">
        <span class="mono">
          {clockText(at * 1_000)} / {clockText(lengthS * 1_000)}
        </span>
        <a class="button plain small" href={source} download={`${id}.wav`}>
          Download
        </a>
      </span>
      <p class="quiet">The caller is above the line, whom they speak with below.</p>
      {failed && (
        <p class="form-problem" role="alert">
          It cannot be played here. Download it, or try again later.
        </p>
      )}
    </div>
  );
}

function Wave({
  waveform,
  part,
}: {
  readonly waveform: NonNullable<Recording['waveform']>;
  readonly part: number;
}) {
  const { caller, other } = outlinesOf(waveform);
  const steps = Math.max(1, waveform.caller.length);
  const played = `${Math.min(100, part * 100)}%`;
  return (
    <svg viewBox={`0 0 ${steps} ${2 * HALF}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={caller} />
      <path d={other} />
      <g class="played" style={{ clipPath: `inset(0 ${100 - Number.parseFloat(played)}% 0 0)` }}>
        <path d={caller} />
        <path d={other} />
      </g>
    </svg>
  );
}
