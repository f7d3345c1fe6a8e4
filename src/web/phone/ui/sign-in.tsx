import { useEffect, useRef, useState } from 'preact/hooks';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Icon } from './icons';

type SignInScreen = Extract<PhoneState['screen'], { name: 'sign_in' }>;

export function SignIn({ phone, screen }: { readonly phone: Phone; readonly screen: SignInScreen }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => {
    if (screen.failed !== 'credentials') return;
    setPassword('');
    second.current?.focus();
  }, [screen]);
  const why = TEXT.signIn.why[screen.why];
  const failed = failedText(screen);
  return (
    <main class="center">
      <form
        class="panel narrow sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          if (!screen.busy) void phone.signIn(username, password);
        }}
      >
        <Brand />
        <h1>{TEXT.signIn.heading}</h1>
        {why !== undefined && screen.failed === undefined && (
          <p class="note" role="status" data-testid="sign-in-reason">
            {why}
          </p>
        )}
        {failed !== undefined && (
          <p class="note bad" role="alert" data-testid="sign-in-error">
            {failed}
          </p>
        )}
        <label class="field">
          <span>{TEXT.signIn.username}</span>
          <input
            ref={first}
            data-testid="sign-in-username"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            value={username}
            onInput={({ currentTarget }) => setUsername(currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{TEXT.signIn.password}</span>
          <input
            ref={second}
            data-testid="sign-in-password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </label>
        <button class="button primary wide" data-testid="sign-in" aria-disabled={screen.busy}>
          {screen.busy ? TEXT.signIn.busy : TEXT.signIn.submit}
        </button>
      </form>
    </main>
  );
}

/** The phone is open in another tab of this browser. */
export function OtherTab({ phone, talking }: { readonly phone: Phone; readonly talking: boolean }) {
  return (
    <main class="center">
      <section class="panel narrow">
        <Brand />
        <h1>{TEXT.otherTab.heading}</h1>
        <p class="quiet">{TEXT.otherTab.text}</p>
        {talking && (
          <p class="note" role="alert" data-testid="talking-elsewhere">
            {TEXT.otherTab.talking}
          </p>
        )}
        <button class="button primary wide" data-testid="use-here" onClick={() => void phone.useHere()}>
          {TEXT.otherTab.here}
        </button>
      </section>
    </main>
  );
}

export function Brand() {
  return (
    <p class="brand">
      <span class="brand-mark">
        <Icon name="phone" />
      </span>
      {TEXT.product}
    </p>
  );
}

function failedText({ failed, retryAfterMs }: SignInScreen): string | undefined {
  if (failed === undefined) return undefined;
  if (failed === 'locked')
    return TEXT.signIn.locked(retryAfterMs === undefined ? undefined : retryAfterMs / 1000);
  return TEXT.signIn.failed[failed];
}
