import { useEffect, useState } from 'preact/hooks';
import type { Phone } from '../phone';
import { TEXT } from '../texts';
import { Announcer } from './announcer';
import { OtherTab, SignIn } from './sign-in';
import { Workplace } from './workplace';

export function App({ phone }: { readonly phone: Phone }) {
  const [state, setState] = useState(phone.store.state);
  useEffect(() => {
    // What has happened since it was rendered first.
    setState(phone.store.state);
    return phone.store.subscribe(setState);
  }, [phone]);
  const { screen } = state;
  return (
    <>
      <Announcer state={state} />
      {screen.name === 'starting' && (
        <main class="center">
          <p class="quiet" role="status" data-testid="starting">
            {screen.waiting ? TEXT.startingAgain : TEXT.starting}
          </p>
        </main>
      )}
      {screen.name === 'sign_in' && <SignIn phone={phone} screen={screen} />}
      {screen.name === 'other_tab' && <OtherTab phone={phone} talking={screen.talking} />}
      {screen.name === 'phone' && <Workplace phone={phone} state={state} />}
    </>
  );
}
