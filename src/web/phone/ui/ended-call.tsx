import type { CallState } from '../core/call-machine';
import { clockTime } from '../../shared/format';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { CardFacts } from './card-facts';
import { useArrival } from './use-arrival';
import { useNow } from './use-now';

type Ended = Extract<CallState, { phase: 'ended' }>;
interface Props {
  readonly phone: Phone;
  readonly state: PhoneState;
  readonly call: Ended;
}

/** A call is over: what became of it, and how it went. */
export function EndedCall({ phone, state, call }: Props) {
  const heading = useArrival<HTMLHeadingElement>();
  const answered = call.answeredAt !== undefined;
  const text = TEXT.ended.text[call.by];
  return (
    <section class="panel call-panel ended" data-by={call.by} aria-labelledby="call-heading">
      <div class="call-top">
        <p class="eyebrow">{call.card.campaign || TEXT.card.unnamed}</p>
        {call.answeredAt !== undefined && (
          <p class="timer">
            <span class="only-heard">{TEXT.ended.duration}</span>{' '}
            <span data-testid="call-timer">{clockTime(call.endedAt - call.answeredAt)}</span>
          </p>
        )}
      </div>
      <h1
        id="call-heading"
        ref={heading}
        tabIndex={-1}
        data-testid="call-state"
        data-state={`ended-${call.by}`}
      >
        {TEXT.ended.by[call.by]}
      </h1>
      {text !== undefined && <p class="quiet">{text}</p>}
      {answered && <CardFacts card={call.card} stage="learned" />}
      {answered && <Dispositions phone={phone} state={state} call={call} />}
      <WrapUp phone={phone} state={state} call={call} />
    </section>
  );
}

function Dispositions({ phone, state, call }: Props) {
  const choices = state.me?.dispositions ?? [];
  if (choices.length === 0) return null;
  const chosen = call.disposition;
  const open = chosen === undefined || chosen.state === 'failed';
  return (
    <fieldset class="dispositions">
      <legend>
        {TEXT.ended.disposition}{' '}
        <span
          class={chosen?.state === 'failed' ? 'bad-text' : 'quiet'}
          role="status"
          data-testid="disposition-state"
        >
          {chosen === undefined
            ? TEXT.ended.once
            : { saving: TEXT.ended.saving, saved: TEXT.ended.saved, failed: TEXT.ended.saveFailed }[
                chosen.state
              ]}
        </span>
      </legend>
      <div class="chips">
        {choices.map(({ code, label }) => (
          <button
            key={code}
            type="button"
            class="chip"
            data-testid={`disposition-${code}`}
            aria-pressed={!open && chosen.code === code}
            aria-disabled={!open && chosen.code !== code}
            onClick={() => open && void phone.dispose(call.callId, code)}
          >
            {label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function WrapUp({ phone, state, call }: Props) {
  const now = useNow();
  const wrapping = state.presence.state === 'wrap_up';
  const total = state.me?.agent.wrapUpMs ?? 0;
  const left = Math.max(0, state.presence.since + total - now);
  return (
    <div class="wrap-up">
      {wrapping && total > 0 && (
        <>
          <progress class="bar" max={total} value={left} aria-hidden="true" />
          <p class="quiet" data-testid="wrap-up-left">
            {TEXT.ended.nextIn(clockTime(left))}
          </p>
        </>
      )}
      <button
        type="button"
        class="button primary wide"
        data-testid="wrap-up-done"
        aria-keyshortcuts="R"
        onClick={() => void phone.ready()}
      >
        {wrapping || call.answeredAt !== undefined ? TEXT.ended.ready : TEXT.ended.close}
      </button>
    </div>
  );
}
