import { useState } from 'preact/hooks';
import type { ApiClient } from '../api/client';
import { asProblem } from '../api/problem';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { sentence } from '../ui/states';
import { Alone } from './alone';
import { hrefOf } from '../core/router';

/** The token lies behind the #, which no server and no log sees. */
const tokenHere = (): string => new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';

/** Sets a password by the link of an invitation, or of a reset. */
export function SetPassword({ api, onDone }: { readonly api: ApiClient; onDone(): void }) {
  const [token] = useState(tokenHere);
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [mismatch, setMismatch] = useState(false);
  const submit = async (): Promise<void> => {
    if (busy) return;
    setMismatch(password !== again);
    if (password !== again) return;
    setBusy(true);
    setFailed(undefined);
    try {
      await api.post('/auth/links', { token, password });
      setDone(true);
    } catch (error) {
      const { message, errors } = asProblem(error);
      setFailed(sentence(errors.find(({ pointer }) => pointer === '/password')?.message ?? message));
    } finally {
      setBusy(false);
    }
  };
  if (token === '') {
    return (
      <Alone title="This link is not whole">
        <p>Open the link again as it was sent to you, to its very end.</p>
        <p class="alone-foot">
          <a href={hrefOf('/forgotten')}>Ask for a new one</a>
        </p>
      </Alone>
    );
  }
  if (done) {
    return (
      <Alone title="Your password is set">
        <p class="note" role="status" data-testid="password-set">
          Sign in with it now.
        </p>
        <Button kind="primary" onClick={onDone} testId="to-sign-in">
          Sign in
        </Button>
      </Alone>
    );
  }
  return (
    <Alone title="Set your password">
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {failed !== undefined && (
          <p class="form-problem" role="alert" data-testid="link-problem">
            {failed}
          </p>
        )}
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="A long phrase is better than a short riddle."
          value={password}
          onInput={setPassword}
          testId="new-password"
          autoFocus
        />
        <TextField
          label="The same again"
          type="password"
          autoComplete="new-password"
          error={mismatch ? 'is not the same' : undefined}
          value={again}
          onInput={setAgain}
          testId="new-password-again"
        />
        <Button type="submit" kind="primary" busy={busy} testId="set-password">
          Set password
        </Button>
      </form>
    </Alone>
  );
}
