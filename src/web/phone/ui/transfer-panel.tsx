import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PresenceState } from '../api/api-types';
import type { TransferTarget } from '../core/call-machine';
import { dialAddress, domainOf } from '../core/dial-address';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import type { Active } from './active-call';
import { Icon } from './icons';

interface Props {
  readonly phone: Phone;
  readonly state: PhoneState;
  readonly call: Active;
}

/** Handing the call on, in each of its steps. */
export function TransferPanel({ phone, state, call }: Props) {
  const { transfer } = call;
  switch (transfer.step) {
    case 'none':
      return transfer.failed === undefined ? null : (
        <p class="note bad" data-testid="transfer-failed">
          {TEXT.transfer.failed(transfer.failed.target.name, transfer.failed.status)}
        </p>
      );
    case 'choosing':
      return <Choice phone={phone} state={state} />;
    case 'blind':
      return (
        <Step
          title={TEXT.transfer.transferring(transfer.target.name)}
          text={TEXT.transfer.transferringText}
          busy
        />
      );
    case 'completing':
      return (
        <Step
          title={TEXT.transfer.completing(transfer.target.name)}
          text={TEXT.transfer.transferringText}
          busy
        />
      );
    case 'consulting':
      return (
        <Step
          title={(transfer.talking ? TEXT.transfer.consulting : TEXT.transfer.ringing)(transfer.target.name)}
          text={transfer.talking ? TEXT.transfer.consultingText : TEXT.transfer.ringingText}
          busy={!transfer.talking}
        >
          <button
            type="button"
            class="button"
            data-testid="transfer-cancel"
            onClick={() => void phone.desk.cancelTransfer()}
          >
            {TEXT.transfer.back}
          </button>
          {transfer.talking && (
            <button
              type="button"
              class="button primary"
              data-testid="transfer-complete"
              onClick={() => void phone.desk.completeTransfer()}
            >
              {TEXT.transfer.complete}
            </button>
          )}
        </Step>
      );
    case 'consult_over':
      return (
        <Step
          title={
            transfer.status > 0
              ? TEXT.transfer.consultFailed(transfer.target.name, transfer.status)
              : TEXT.transfer.over(transfer.target.name)
          }
          text={TEXT.transfer.overText}
        >
          <button
            type="button"
            class="button primary"
            data-testid="transfer-cancel"
            onClick={() => void phone.desk.cancelTransfer()}
          >
            {TEXT.transfer.back}
          </button>
        </Step>
      );
  }
}

interface StepProps {
  readonly title: string;
  readonly text: string;
  readonly busy?: boolean;
  readonly children?: ComponentChildren;
}

function Step({ title, text, busy = false, children }: StepProps) {
  return (
    <div class="transfer-step" data-testid="transfer-step">
      <h2>
        {busy && <span class="spinner" aria-hidden="true" />}
        {title}
      </h2>
      <p class="quiet">{text}</p>
      {children !== undefined && <div class="row">{children}</div>}
    </div>
  );
}

function Choice({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<string | undefined>();
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus(), []);
  const targets = matching(state, typed, phone.uri);
  const target =
    targets.find((one) => keyOf(one) === chosen) ?? (targets.length === 1 ? targets[0] : undefined);
  const go = (how: (target: TransferTarget) => Promise<void>) => () => {
    if (target !== undefined) void how(target);
  };
  return (
    <div class="transfer-choice" role="group" aria-label={TEXT.transfer.heading}>
      <h2>{TEXT.transfer.heading}</h2>
      <input
        ref={search}
        type="search"
        aria-label={TEXT.transfer.search}
        placeholder={TEXT.transfer.search}
        data-testid="transfer-search"
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <div class="targets" role="radiogroup" aria-label={TEXT.transfer.to}>
        {targets.map((one) => (
          <label class="target" key={keyOf(one)}>
            <input
              type="radio"
              name="transfer-target"
              data-testid={`transfer-target-${one.kind}-${one.id}`}
              checked={target !== undefined && keyOf(one) === keyOf(target)}
              onChange={() => setChosen(keyOf(one))}
            />
            <Icon name={one.kind === 'team' ? 'team' : one.kind === 'agent' ? 'person' : 'phone'} />
            <span class="target-name">{one.name}</span>
            <Availability
              presence={one.kind === 'agent' ? state.presences.get(one.id) : undefined}
              kind={one.kind}
            />
          </label>
        ))}
        {targets.length === 0 && <p class="quiet">{TEXT.transfer.nobody}</p>}
      </div>
      <div class="row">
        <button
          type="button"
          class="button"
          data-testid="transfer-cancel"
          onClick={() => void phone.desk.cancelTransfer()}
        >
          {TEXT.transfer.cancel}
        </button>
        <button
          type="button"
          class="button"
          data-testid="transfer-consult"
          aria-disabled={target === undefined}
          onClick={go((one) => phone.desk.consult(one))}
        >
          {TEXT.transfer.consult}
        </button>
        <button
          type="button"
          class="button primary"
          data-testid="transfer-blind"
          aria-disabled={target === undefined}
          onClick={go((one) => phone.desk.transfer(one))}
        >
          {TEXT.transfer.blind}
        </button>
      </div>
    </div>
  );
}

interface AvailabilityProps {
  readonly presence: PresenceState | undefined;
  readonly kind: TransferTarget['kind'];
}

function Availability({ presence, kind }: AvailabilityProps) {
  if (presence === undefined) return <span class="availability">{TEXT.transfer.kinds[kind]}</span>;
  return (
    <span class="availability" data-presence={presence}>
      <span class="dot" aria-hidden="true" />
      {TEXT.presence[presence]}
    </span>
  );
}

/** Shown at most; who looks for others types a part of the name. */
const MAX_TARGETS = 50;

function matching(state: PhoneState, typed: string, uri: string | undefined): readonly TransferTarget[] {
  const words = typed.trim().toLowerCase();
  const found: TransferTarget[] = state.colleagues
    .filter(({ kind, id, name }) => {
      const self = kind === 'agent' && id === state.me?.agent.id;
      return !self && name.toLowerCase().includes(words);
    })
    .sort((a, b) => rank(state, a) - rank(state, b) || a.name.localeCompare(b.name))
    .slice(0, MAX_TARGETS);
  const sipUri = dialAddress(typed, domainOf(uri ?? ''));
  if (sipUri === undefined) return found;
  const number = typed.trim();
  return [...found, { kind: 'number', id: number.replace(/\D/g, ''), name: number, sipUri }];
}

/** Who can take the call stands first. */
function rank(state: PhoneState, { kind, id }: TransferTarget): number {
  if (kind !== 'agent') return 1;
  const presence = state.presences.get(id);
  return presence === 'available' ? 0 : presence === undefined || presence === 'offline' ? 3 : 2;
}

const keyOf = ({ kind, id }: TransferTarget) => `${kind}-${id}`;
