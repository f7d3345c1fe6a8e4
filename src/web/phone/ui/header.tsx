import { connectionWord } from '../core/connection-machine';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Icon } from './icons';
import type { IconName } from './icons';
import { Brand } from './sign-in';

export function Header({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const word = connectionWord(state.connection);
  return (
    <header class="header">
      <Brand />
      <p class="connection" data-state={word}>
        <span class="dot" aria-hidden="true" />
        <span data-testid="connection">{word}</span>
      </p>
      <StatusSwitch phone={phone} state={state} />
      <div class="header-end">
        <span class="who" title={state.me?.agent.username}>
          {state.me?.agent.name}
        </span>
        <Tool name="sound" text={TEXT.header.sound} onClick={() => phone.show('sound')} />
        <Tool name="help" text={TEXT.header.help} onClick={() => phone.show('help')} />
        <Tool
          name="leave"
          text={TEXT.header.signOut}
          onClick={() => void phone.signOut()}
          testId="sign-out"
        />
      </div>
    </header>
  );
}

function StatusSwitch({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const chosen = state.choosing ?? (state.presence.state === 'away' ? 'away' : 'available');
  return (
    <div class="status" role="group" aria-label={TEXT.header.status} data-presence={state.presence.state}>
      {(['available', 'away'] as const).map((status) => (
        <button
          key={status}
          type="button"
          data-testid={`status-${status}`}
          data-status={status}
          aria-pressed={chosen === status}
          onClick={() => void phone.choose(status)}
        >
          {TEXT.status[status]}
        </button>
      ))}
    </div>
  );
}

interface ToolProps {
  readonly name: IconName;
  readonly text: string;
  readonly testId?: string;
  onClick(): void;
}

function Tool({ name, text, testId, onClick }: ToolProps) {
  return (
    <button
      type="button"
      class="tool"
      data-testid={testId ?? `open-${name}`}
      aria-label={text}
      title={text}
      onClick={onClick}
    >
      <Icon name={name} />
    </button>
  );
}
