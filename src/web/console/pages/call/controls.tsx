import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import type { CallDetail } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { sentence } from '../../ui/states';
import { optionsOf, useNames } from '../../ui/use-names';
import { CallSupervision } from './supervision';

type Act = 'hangup' | 'transfer' | 'hold';

/** What can be done with a call that is up. Nothing is done without asking. */
export function CallControls({ call, onDone }: { readonly call: CallDetail; onDone(): void }) {
  const { api, user, toast } = useConsole();
  const allowed = useMay('calls:write');
  const [asking, ask] = useState<Act>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [targetId, setTargetId] = useState('');
  const [uri, setUri] = useState('');
  const targets = useNames('/targets', 'targets:read');
  if (!allowed) return <CallSupervision call={call} onDone={onDone} />;
  const at = `/calls/${encodeURIComponent(call.id)}`;
  const close = (): void => {
    ask(undefined);
    setFailed(undefined);
  };
  const act = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await work();
      toast('good', what);
      close();
      onDone();
    } catch (error) {
      const { message, errors } = asProblem(error);
      setFailed(sentence(errors[0] === undefined ? message : `${message}: ${errors[0].message}`));
    } finally {
      setBusy(false);
    }
  };
  const whereTo = (): Record<string, string> => {
    if (targetId !== '') return { kind: 'target', id: targetId };
    const typed = uri.trim();
    return /^sips?:/i.test(typed) ? { kind: 'address', uri: typed } : { kind: 'number', number: typed };
  };
  const answered = call.state === 'answered';
  const held = call.held === true;
  const problem = failed !== undefined && (
    <p class="form-problem" role="alert">
      {failed}
    </p>
  );
  return (
    <>
      {answered && <CallSupervision call={call} onDone={onDone} />}
      {answered && (
        <>
          <Button onClick={() => ask('hold')} testId="call-hold">
            {held ? 'Resume' : 'Hold'}
          </Button>
          {isOperator(user) && (
            <Button onClick={() => ask('transfer')} testId="call-transfer">
              Transfer
            </Button>
          )}
        </>
      )}
      <Button kind="danger" onClick={() => ask('hangup')} testId="call-hangup">
        Hang up
      </Button>
      {asking === 'hangup' && (
        <ConfirmDialog
          heading="Hang up this call?"
          confirm="Hang up"
          danger
          busy={busy}
          onClose={close}
          onConfirm={() => void act('The call was hung up.', () => api.post(`${at}/hangup`))}
        >
          <p>Both sides are disconnected at once. What was connected until then is billed.</p>
          {problem}
        </ConfirmDialog>
      )}
      {asking === 'hold' && (
        <ConfirmDialog
          heading={held ? 'Resume the conversation?' : 'Put this call on hold?'}
          confirm={held ? 'Resume' : 'Hold'}
          busy={busy}
          onClose={close}
          onConfirm={() =>
            void act(held ? 'The conversation goes on.' : 'The call is on hold.', () =>
              api.post(`${at}/${held ? 'unhold' : 'hold'}`),
            )
          }
        >
          <p>
            {held
              ? 'Both sides hear each other again.'
              : 'Caller and buyer hear music until it is resumed. The billing clock runs on.'}
          </p>
          {problem}
        </ConfirmDialog>
      )}
      {asking === 'transfer' && (
        <ConfirmDialog
          heading="Transfer this call"
          confirm="Transfer"
          busy={busy}
          onClose={close}
          onConfirm={() =>
            void act('The call is being transferred.', () => api.post(`${at}/transfer`, { to: whereTo() }))
          }
        >
          <p>
            The caller is connected to somebody else of the same buyer. It stays one sale, and the billing
            clock runs on.
          </p>
          {targets.size > 0 && (
            <SelectField
              label="Target"
              value={targetId}
              options={optionsOf(targets, 'A number or an address')}
              onInput={setTargetId}
            />
          )}
          {targetId === '' && (
            <TextField
              label="Number or SIP address"
              placeholder="sip:desk@buyer.example"
              value={uri}
              onInput={setUri}
            />
          )}
          {problem}
        </ConfirmDialog>
      )}
    </>
  );
}
