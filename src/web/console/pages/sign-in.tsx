import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiClient } from '../api/client';
import { asProblem } from '../api/problem';
import { hrefOf } from '../core/router';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { sentence } from '../ui/states';
import { Alone } from './alone';

interface Props {
  readonly api: ApiClient;
  /** A session was over, and what was open is shown again after this. */
  readonly expired: boolean;
  onSignedIn(): Promise<void>;
}

interface Provider {
  readonly id: string;
  readonly name: string;
}

export function SignIn({ api, expired, onSignedIn }: Props) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [step, setStep] = useState<'password' | 'code'>('password');
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [providers, setProviders] = useState<readonly Provider[]>([]);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    // Without an answer there is the password.
    api.get<{ items: readonly Provider[] }>('/auth/providers').then(
      ({ items }) => setProviders(items),
      () => undefined,
    );
  }, [api]);
  useEffect(() => {
    const wanted = form.current?.querySelector<HTMLInputElement>(step === 'code' ? '#code input' : 'input');
    wanted?.focus();
  }, [step]);

  const submit = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailed(undefined);
    try {
      const answer = await api.post<{ csrfToken: string }>('/auth/sign-in', {
        email: email.trim(),
        password,
        cookies: true,
        ...(step === 'code' ? { code: code.trim() } : {}),
      });
      api.csrfToken = answer.csrfToken;
      await onSignedIn();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'totp_required') setStep('code');
      else setFailed(whyNot(problem.status, problem.code, problem.message, problem.retryAfterMs));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Alone title="Sign in">
      {expired && (
        <p class="note" role="status" data-testid="expired">
          Your session is over. Sign in to go on where you were.
        </p>
      )}
      <form
        ref={form}
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {failed !== undefined && (
          <p class="form-problem" role="alert" data-testid="sign-in-problem">
            {failed}
          </p>
        )}
        {step === 'password' ? (
          <>
            <TextField
              label="Email"
              type="email"
              autoComplete="username"
              value={email}
              onInput={setEmail}
              testId="sign-in-email"
            />
            <TextField
              label="Password"
              type="password"
              autoComplete="current-password"
              value={password}
              onInput={setPassword}
              testId="sign-in-password"
            />
          </>
        ) : (
          <div id="code">
            <TextField
              label="Code"
              inputMode="numeric"
              autoComplete="one-time-code"
              hint="Six digits of your authenticator, or one of your recovery codes."
              value={code}
              onInput={setCode}
              testId="sign-in-code"
            />
          </div>
        )}
        <Button type="submit" kind="primary" busy={busy} testId="sign-in">
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
        {step === 'code' && (
          <Button kind="quiet" onClick={() => setStep('password')}>
            Use another account
          </Button>
        )}
      </form>
      {step === 'password' && (
        <>
          {providers.length > 0 && (
            <div class="providers">
              <p class="quiet">or</p>
              {providers.map(({ id, name }) => (
                // The provider is elsewhere: the browser goes there by itself.
                <a
                  key={id}
                  class="button plain"
                  href={api.urlOf(`/auth/oidc/${encodeURIComponent(id)}/start`, { cookies: true })}
                  data-testid={`provider-${id}`}
                >
                  Continue with {name}
                </a>
              ))}
            </div>
          )}
          <p class="alone-foot">
            <a href={hrefOf('/forgotten')}>Forgotten your password?</a>
          </p>
        </>
      )}
    </Alone>
  );
}

function whyNot(status: number, code: string, detail: string, retryAfterMs: number | undefined): string {
  if (status === 429) {
    const minutes = Math.max(1, Math.ceil((retryAfterMs ?? 60_000) / 60_000));
    return `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
  }
  if (status === 401) {
    return code.startsWith('totp')
      ? 'This code is not right, or was used already.'
      : 'Email or password is not right.';
  }
  return sentence(detail);
}
