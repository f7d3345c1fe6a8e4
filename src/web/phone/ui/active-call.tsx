import type { CallState } from '../core/call-machine';
import { clockTime } from '../../shared/format';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { callHeading, TEXT } from '../texts';
import { CardFacts } from './card-facts';
import { Icon } from './icons';
import type { IconName } from './icons';
import { Keypad } from './keypad';
import { QualityView } from './quality-view';
import { TransferPanel } from './transfer-panel';
import { useArrival } from './use-arrival';
import { useNow } from './use-now';

export type Active = Extract<CallState, { phase: 'active' }>;
interface Props {
  readonly phone: Phone;
  readonly state: PhoneState;
  readonly call: Active;
}

/** A call is up. */
export function ActiveCall({ phone, state, call }: Props) {
  const now = useNow();
  const section = useArrival();
  const { step } = call.transfer;
  const word = stateWord(call);
  return (
    <section
      ref={section}
      tabIndex={-1}
      class="panel call-panel active"
      data-held={call.held || undefined}
      aria-labelledby="call-heading"
    >
      <div class="call-top">
        <p
          class="eyebrow"
          data-testid="call-state"
          data-state={word.code}
          data-muted={call.muted || undefined}
        >
          {word.text}
        </p>
        <p class="timer" data-testid="call-timer" aria-label={TEXT.call.timer} role="timer">
          {clockTime(now - call.answeredAt)}
        </p>
      </div>
      <h1 id="call-heading">{callHeading(call.card)}</h1>
      {step === 'none' || step === 'choosing' ? (
        <CardFacts
          card={call.card}
          stage={call.learned || call.card.monitoring !== undefined ? 'learned' : 'learning'}
        />
      ) : null}
      {call.card.monitoring === undefined && state.recording?.state === 'paused' && (
        <p class="note" role="status" data-testid="recording-paused">
          {TEXT.recording.paused}
        </p>
      )}
      {call.heldByPeer && <p class="note">{TEXT.call.heldByPeer}</p>}
      {state.silent && (
        <p class="note bad" role="alert" data-testid="silent">
          {TEXT.call.silent}
        </p>
      )}
      <TransferPanel phone={phone} state={state} call={call} />
      {state.panel === 'keypad' && <Keypad phone={phone} digits={call.digits} />}
      <Controls phone={phone} state={state} call={call} />
      <QualityView state={state} />
    </section>
  );
}

function Controls({ phone, state, call }: Props) {
  return (
    <div class="controls">
      <Control
        testId="mute"
        icon={call.muted ? 'micOff' : 'mic'}
        text={call.muted ? TEXT.call.unmute : TEXT.call.mute}
        shortcut="M"
        pressed={call.muted}
        onClick={() => phone.desk.mute()}
      />
      {call.card.monitoring === undefined && <Conversation phone={phone} state={state} call={call} />}
      <Control
        testId="hang-up"
        icon="hangUp"
        text={TEXT.call.hangUp}
        shortcut="E"
        danger
        onClick={() => phone.desk.hangUp()}
      />
    </div>
  );
}

/** What may be done to a call of one's own, and not to one that is only listened to. */
function Conversation({ phone, state, call }: Props) {
  const now = useNow();
  const free = call.transfer.step === 'none';
  const { recording } = state;
  return (
    <>
      <Control
        testId="hold"
        icon={call.held ? 'play' : 'pause'}
        text={call.held ? TEXT.call.resume : TEXT.call.hold}
        shortcut="H"
        pressed={call.held}
        disabled={call.changing || !free}
        onClick={() => void phone.desk.hold()}
      />
      <Control
        testId="keypad-toggle"
        icon="keypad"
        text={TEXT.call.keypad}
        shortcut="K"
        expanded={state.panel === 'keypad'}
        onClick={() => phone.show('keypad')}
      />
      <Control
        testId="transfer-open"
        icon="transfer"
        text={TEXT.call.transfer}
        shortcut="T"
        expanded={!free}
        disabled={!free && call.transfer.step !== 'choosing'}
        onClick={() => void (free ? phone.openTransfer() : phone.desk.cancelTransfer())}
      />
      {recording !== undefined && recording.state !== 'off' && (
        <Control
          testId="recording"
          icon={recording.state === 'paused' ? 'play' : 'pause'}
          text={
            recording.state === 'paused'
              ? TEXT.recording.resume(clockTime(Math.max(0, (recording.resumesAt ?? now) - now)))
              : TEXT.recording.pause
          }
          shortcut="P"
          pressed={recording.state === 'paused'}
          onClick={() => void phone.desk.pauseRecording()}
        />
      )}
    </>
  );
}

interface ControlProps {
  readonly testId: string;
  readonly icon: IconName;
  readonly text: string;
  readonly shortcut: string;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly disabled?: boolean;
  readonly danger?: boolean;
  onClick(): void;
}

function Control({
  testId,
  icon,
  text,
  shortcut,
  pressed,
  expanded,
  disabled = false,
  danger = false,
  onClick,
}: ControlProps) {
  return (
    <button
      type="button"
      class={danger ? 'control danger' : 'control'}
      data-testid={testId}
      aria-keyshortcuts={shortcut}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-disabled={disabled}
      onClick={() => {
        if (!disabled) onClick();
      }}
    >
      <span class="control-face">
        <Icon name={icon} />
      </span>
      <span>{text}</span>
    </button>
  );
}

/** The state of the call in a word, for people and for programs. */
function stateWord(call: Active): { readonly code: string; readonly text: string } {
  if (call.restoring) return { code: 'restoring', text: TEXT.call.restoring };
  if (call.transfer.step === 'consulting' && call.transfer.talking)
    return { code: 'consulting', text: TEXT.call.callerHeld };
  if (call.transfer.step === 'blind' || call.transfer.step === 'completing')
    return { code: 'transferring', text: TEXT.call.transferring };
  if (call.changing) return { code: 'changing', text: TEXT.call.holding };
  if (call.held) return { code: 'held', text: TEXT.call.held };
  if (call.card.monitoring !== undefined && !call.muted) {
    return { code: 'monitoring', text: TEXT.monitoring[call.card.monitoring] };
  }
  if (call.muted) return { code: 'talking', text: TEXT.call.muted };
  return { code: 'talking', text: TEXT.call.talking };
}
