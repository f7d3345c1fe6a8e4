import { useEffect } from 'preact/hooks';
import { commandFor } from '../core/keys';
import type { Command } from '../core/keys';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { ActiveCall } from './active-call';
import { Banners } from './banners';
import { EndedCall } from './ended-call';
import { Header } from './header';
import { HelpPanel } from './help-panel';
import { Idle } from './idle';
import { IncomingCall } from './incoming-call';
import { SoundPanel } from './sound-panel';
import { Today } from './today';

/** The page of somebody who is signed in. */
export function Workplace({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  useKeys(phone);
  return (
    <div class="workplace">
      <Header phone={phone} state={state} />
      <Banners phone={phone} state={state} />
      <main class="desk">
        <CallPanel phone={phone} state={state} />
        <Today phone={phone} state={state} />
      </main>
      {state.panel === 'sound' && <SoundPanel phone={phone} state={state} />}
      {state.panel === 'help' && <HelpPanel phone={phone} state={state} />}
    </div>
  );
}

function CallPanel({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  const { call } = state;
  switch (call.phase) {
    case 'idle':
      return <Idle phone={phone} state={state} />;
    case 'ringing':
    case 'answering':
      return <IncomingCall phone={phone} call={call} />;
    case 'active':
      return <ActiveCall phone={phone} state={state} call={call} />;
    case 'ended':
      return <EndedCall phone={phone} state={state} call={call} />;
  }
}

/** Where a key is a letter. */
const TYPED_INTO = 'input:not([type=radio], [type=checkbox]), select, textarea';

/** Single keys act wherever nothing is being typed. */
function useKeys(phone: Phone): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      const { call, panel, settings } = phone.store.state;
      const typing = event.target instanceof HTMLElement && event.target.matches(TYPED_INTO);
      if (event.key !== 'Escape' && (typing || !settings.shortcuts)) return;
      if (panel === 'sound' || panel === 'help') return;
      const command = commandFor(event.key, { call, keypadOpen: panel === 'keypad' });
      if (command === undefined) return;
      event.preventDefault();
      obey(phone, command);
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [phone]);
}

function obey(phone: Phone, command: Command): void {
  if (typeof command === 'object') return phone.desk.key(command.digit);
  switch (command) {
    case 'answer':
      return void phone.desk.answer();
    case 'decline':
      return phone.desk.decline();
    case 'mute':
      return phone.desk.mute();
    case 'hold':
      return void phone.desk.hold();
    case 'keypad':
      return phone.show('keypad');
    case 'transfer':
      return void phone.openTransfer();
    case 'recording':
      return void phone.desk.pauseRecording();
    case 'hang_up':
      return phone.desk.hangUp();
    case 'ready':
      return void phone.ready();
    case 'help':
      return phone.show('help');
    case 'close':
      if (phone.store.state.panel !== 'none') phone.show(phone.store.state.panel);
      else void phone.desk.cancelTransfer();
  }
}
