import { clockTime } from '../../shared/format';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Icon } from './icons';
import { useArrival } from './use-arrival';
import { useNow } from './use-now';

/** No call: how things stand. */
export function Idle({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const now = useNow();
  const place = useArrival<HTMLHeadingElement>();
  const { heading, text, mood } = words(state, now);
  const waiting = [...state.queues.entries()]
    .filter(([teamId]) => state.me?.teams.some(({ id }) => id === teamId))
    .reduce((sum, [, count]) => sum + count, 0);
  const trouble = state.microphone !== 'ok' && state.microphone !== 'unknown';
  return (
    <section class="panel call-panel idle" data-mood={mood} aria-labelledby="call-heading">
      <span class="idle-mark" aria-hidden="true">
        <Icon name="phone" />
      </span>
      <h1 id="call-heading" ref={place} tabIndex={-1} data-testid="call-state" data-state="idle">
        {heading}
      </h1>
      <p class="quiet">{text}</p>
      {waiting > 0 && (
        <p class="waiting" data-testid="queue-waiting">
          {TEXT.idle.waiting(waiting)}
        </p>
      )}
      {state.presence.state === 'wrap_up' && (
        <button
          type="button"
          class="button primary"
          data-testid="wrap-up-done"
          onClick={() => void phone.ready()}
        >
          {TEXT.ended.ready}
        </button>
      )}
      {(trouble || !state.settings.checked) && (
        <button type="button" class="button" onClick={() => phone.show('sound')} data-testid="open-check">
          <Icon name="mic" />
          {TEXT.idle.checkMicrophone}
        </button>
      )}
    </section>
  );
}

function words({ connection, presence, me }: PhoneState, now: number) {
  if (connection.phase !== 'online')
    return { heading: TEXT.idle.offline, text: TEXT.idle.offlineText, mood: 'off' };
  switch (presence.state) {
    case 'away':
      return { heading: TEXT.idle.away, text: TEXT.idle.awayText, mood: 'away' };
    case 'wrap_up': {
      const left = presence.since + (me?.agent.wrapUpMs ?? 0) - now;
      const text = left > 0 ? TEXT.idle.wrapUpText(clockTime(left)) : TEXT.idle.wrapUpOpen;
      return { heading: TEXT.idle.wrapUp, text, mood: 'away' };
    }
    case 'on_call':
      return { heading: TEXT.idle.onCall, text: TEXT.idle.onCallText, mood: 'away' };
    default:
      return { heading: TEXT.idle.available, text: TEXT.idle.availableText, mood: 'ready' };
  }
}
