import { useState } from 'preact/hooks';
import type { ApiClient } from '../api/client';
import { asProblem } from '../api/problem';
import { hrefOf } from '../core/router';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { sentence } from '../ui/states';
import { Alone } from './alone';

/** Asks for a link by which a new password is set. */
export function Forgotten({ api }: { readonly api: ApiClient }) {
  const [email, setEmail] = useState('');
  const [state, setState] = useState<'asking' | 'busy' | 'asked'>('asking');
  const [failed, setFailed] = useState<string>();
  const submit = async (): Promise<void> => {
    if (state === 'busy') return;
    setState('busy');
    setFailed(undefined);
    try {
      await api.post('/auth/reset', { email: email.trim() });
      setState('asked');
    } catch (error) {
      setFailed(sentence(asProblem(error).message));
      setState('asking');
    }
  };
  return (
    <Alone title="Forgotten password">
      {state === 'asked' ? (
        <p class="note" role="status" data-testid="reset-asked">
          If this address belongs to somebody here, a link to set a new password is sent to it, or an
          administrator of the exchange hands one out. It is good for a short time.
        </p>
      ) : (
        <form
          class="form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {failed !== undefined && (
            <p class="form-problem" role="alert">
              {failed}
            </p>
          )}
          <TextField
            label="Email"
            type="email"
            autoComplete="username"
            value={email}
            onInput={setEmail}
            testId="reset-email"
            autoFocus
          />
          <Button type="submit" kind="primary" busy={state === 'busy'} testId="reset-send">
            Ask for a link
          </Button>
        </form>
      )}
      <p class="alone-foot">
        <a href={hrefOf('/sign-in')}>Back to the sign-in</a>
      </p>
    </Alone>
  );
}
