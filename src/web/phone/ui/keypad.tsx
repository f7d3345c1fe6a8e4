import type { Phone } from '../phone';
import { TEXT } from '../texts';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;
const NAMES: Readonly<Record<string, string>> = { '*': 'star', '#': 'pound' };

export function Keypad({ phone, digits }: { readonly phone: Phone; readonly digits: string }) {
  return (
    <div class="keypad" role="group" aria-label={TEXT.call.keypad}>
      <output class="keys-sent" aria-label={TEXT.call.sent} data-testid="keys-sent">
        {digits || '\u00a0'}
      </output>
      {KEYS.map((key) => (
        <button
          key={key}
          type="button"
          class="key"
          data-testid={`key-${NAMES[key] ?? key}`}
          aria-label={NAMES[key] ?? key}
          onClick={() => phone.desk.key(key)}
        >
          {key}
        </button>
      ))}
    </div>
  );
}
