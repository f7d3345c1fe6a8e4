import type { CallState } from '../core/call-machine';
import type { Phone } from '../phone';
import { callHeading, TEXT } from '../texts';
import { CardFacts } from './card-facts';
import { Icon } from './icons';
import { TroubleNote } from './trouble-note';
import { useArrival } from './use-arrival';

type Ringing = Extract<CallState, { phase: 'ringing' | 'answering' }>;

/** A call rings. */
export function IncomingCall({ phone, call }: { readonly phone: Phone; readonly call: Ringing }) {
  // Not its button: a key that was meant for something else would answer.
  const heading = useArrival<HTMLHeadingElement>();
  const answering = call.phase === 'answering';
  return (
    <section
      class="panel call-panel incoming"
      data-testid="incoming-card"
      data-phase={call.phase}
      aria-labelledby="call-heading"
    >
      <p class="eyebrow" data-testid="call-state" data-state={call.phase}>
        <span class="pulse" aria-hidden="true" />
        {answering ? TEXT.incoming.answering : TEXT.incoming.heading}
      </p>
      <h1 id="call-heading" ref={heading} tabIndex={-1} data-testid="card-campaign">
        {callHeading(call.card)}
      </h1>
      <CardFacts card={call.card} stage="ringing" />
      {call.phase === 'ringing' && call.trouble !== undefined && <TroubleNote code={call.trouble} />}
      <div class="answer-row">
        <button
          type="button"
          class="button decline"
          data-testid="decline"
          aria-keyshortcuts="D"
          onClick={() => phone.desk.decline()}
        >
          <Icon name="hangUp" />
          {TEXT.incoming.decline}
        </button>
        <button
          type="button"
          class="button answer"
          data-testid="answer"
          aria-keyshortcuts="A"
          aria-disabled={answering}
          onClick={() => void phone.desk.answer()}
        >
          <Icon name="phone" />
          {answering ? TEXT.incoming.answering : TEXT.incoming.answer}
        </button>
      </div>
    </section>
  );
}
