import { instantOf, phoneNumber, talkTime } from '../../shared/format';
import type { CallEntry, Me } from '../api/api-types';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Icon } from './icons';

/** How the day went. */
export function Today({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const today = state.me?.today;
  return (
    <aside class="today" aria-labelledby="today-heading">
      <h2 id="today-heading">{TEXT.today.heading}</h2>
      <dl class="tiles">
        <Tile name={TEXT.today.answered} value={String(today?.answered ?? 0)} testId="today-answered" />
        <Tile name={TEXT.today.missed} value={String(today?.missed ?? 0)} testId="today-missed" />
        <Tile name={TEXT.today.talked} value={talkTime(today?.talkMs ?? 0)} testId="today-talked" />
      </dl>
      {state.calls.length === 0 ? (
        <p class="quiet" data-testid="calls-today">
          {TEXT.today.none}
        </p>
      ) : (
        <ol class="calls" data-testid="calls-today" aria-label={TEXT.today.calls}>
          {state.calls.map((call) => (
            <Entry
              key={`${call.callId}-${call.outcome}`}
              call={call}
              choices={state.me?.dispositions ?? []}
              onDispose={(code) => void phone.dispose(call.callId, code)}
            />
          ))}
        </ol>
      )}
    </aside>
  );
}

function Tile({
  name,
  value,
  testId,
}: {
  readonly name: string;
  readonly value: string;
  readonly testId: string;
}) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd data-testid={testId}>{value}</dd>
    </div>
  );
}

interface EntryProps {
  readonly call: CallEntry;
  readonly choices: Me['dispositions'];
  onDispose(code: string): void;
}

function Entry({ call, choices, onDispose }: EntryProps) {
  const at = instantOf(call.at);
  const time =
    at === undefined ? '' : new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const missed = call.outcome === 'missed';
  const campaign = call.campaign || TEXT.card.unnamed;
  const place = [call.number === undefined ? undefined : phoneNumber(call.number), call.state];
  const details = place.filter((part) => part !== undefined).join(' · ');
  return (
    <li class="call-entry" data-outcome={call.outcome} data-testid={`call-${call.callId}`}>
      <span class="call-entry-mark">
        <Icon name={missed ? 'hangUp' : 'phone'} />
        <span class="only-heard">{TEXT.today.outcome[call.outcome]}</span>
      </span>
      <span class="call-entry-what">
        <strong>{campaign}</strong>
        {details !== '' && <span class="quiet">{details}</span>}
      </span>
      <span class="call-entry-when">
        {at !== undefined && <time dateTime={new Date(at).toISOString()}>{time}</time>}
        <span class="quiet">{missed ? TEXT.today.outcome.missed : talkTime(call.talkMs)}</span>
      </span>
      {call.disposition !== undefined ? (
        <span class="call-entry-how quiet" data-testid={`how-${call.callId}`}>
          {choices.find(({ code }) => code === call.disposition)?.label ?? call.disposition}
        </span>
      ) : (
        !missed &&
        choices.length > 0 && (
          <select
            class="call-entry-how"
            aria-label={TEXT.today.how(campaign, time)}
            data-testid={`how-${call.callId}`}
            onChange={({ currentTarget }) => {
              onDispose(currentTarget.value);
              // What is shown is what was saved.
              currentTarget.value = '';
            }}
          >
            <option value="">{TEXT.today.choose}</option>
            {choices.map(({ code, label }) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        )
      )}
    </li>
  );
}
