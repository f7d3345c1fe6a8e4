import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Dialog } from './dialog';

export function HelpPanel({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  return (
    <Dialog heading={TEXT.help.heading} closeText={TEXT.help.close} onClose={() => phone.show('help')}>
      <label class="switch">
        <input
          type="checkbox"
          checked={state.settings.shortcuts}
          onChange={({ currentTarget }) => void phone.configure({ shortcuts: currentTarget.checked })}
        />
        {TEXT.help.use}
      </label>
      <dl class="shortcuts" data-off={!state.settings.shortcuts || undefined}>
        {TEXT.help.keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
