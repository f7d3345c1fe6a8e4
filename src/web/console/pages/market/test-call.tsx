import { useEffect, useRef, useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import { useConsole, useMay } from '../../console';
import { wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Panel } from '../../ui/page';
import { sentence } from '../../ui/states';
import type { TestCall } from './test-call-text';
import { LOOK_MS, stepsOf, toneOf } from './test-call-text';

/** Has the exchange ring a target by itself, and shows how it goes. */
export function TestCallButton({ targetId }: { readonly targetId: string }) {
  const may = useMay('calls:write');
  const [open, setOpen] = useState(false);
  if (!may) return null;
  return (
    <Panel title="Does it answer?">
      <Button onClick={() => setOpen(true)} testId="test-call">
        Test call
      </Button>
      {open && <TestCallDialog targetId={targetId} onClose={() => setOpen(false)} />}
    </Panel>
  );
}

function TestCallDialog({ targetId, onClose }: { readonly targetId: string; onClose(): void }) {
  const { api } = useConsole();
  const [busy, setBusy] = useState(false);
  const [call, setCall] = useState<TestCall>();
  const [failed, setFailed] = useState<string>();
  const closed = useRef(false);
  const isUp = call !== undefined && call.state !== 'ended';

  useEffect(() => {
    if (call === undefined || !isUp) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api.get<TestCall>(`/test-calls/${call.id}`, {}, abort.signal).then(
        (now) => {
          setCall(now);
          setFailed(undefined);
        },
        (error: unknown) => {
          const { code, message } = asProblem(error);
          if (code === 'aborted') return;
          setFailed(sentence(message));
          // Asked again: it goes on meanwhile.
          setCall({ ...call });
        },
      );
    }, LOOK_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [api, call, isUp]);

  const act = async (work: () => Promise<TestCall>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailed(undefined);
    try {
      setCall(await work());
    } catch (error) {
      const { message, errors } = asProblem(error);
      setFailed(sentence(errors[0]?.message ?? message));
    } finally {
      setBusy(false);
    }
  };
  const end = (id: string): Promise<TestCall> => api.post<TestCall>(`/test-calls/${id}/hangup`, {});
  const ring = (): Promise<void> =>
    act(async () => {
      const placed = await api.post<TestCall>('/test-calls', { to: { kind: 'target', id: targetId } });
      // Closed meanwhile: nobody is left ringing for a page that nobody looks at.
      return closed.current ? end(placed.id) : placed;
    });
  const hangUp = (): Promise<void> => act(() => end(call?.id ?? ''));
  const close = (): void => {
    closed.current = true;
    if (isUp) void hangUp();
    onClose();
  };
  return (
    <Dialog
      heading="Test call"
      onClose={close}
      actions={
        <>
          <Button onClick={close} testId="test-call-close">
            Close
          </Button>
          {isUp ? (
            <Button kind="danger" busy={busy} onClick={() => void hangUp()} testId="test-call-hangup">
              Hang up
            </Button>
          ) : (
            <Button kind="primary" busy={busy} onClick={() => void ring()} testId="test-call-ring">
              {call === undefined ? 'Ring it' : 'Ring it again'}
            </Button>
          )}
        </>
      }
    >
      <p>
        The exchange rings this target by itself; whoever answers hears a tone for ten seconds. Nothing is
        sold or billed, and no limit is used up.
      </p>
      {failed !== undefined && (
        <p class="form-problem" role="alert">
          {failed}
        </p>
      )}
      <div role="status" data-testid="test-call-state">
        {call !== undefined && (
          <>
            <p class="row">
              <Badge
                state={call.outcome ?? call.state}
                tone={toneOf(call)}
                text={wordsOf(call.outcome ?? call.state)}
              />
              {call.detail !== '' && sentence(call.detail)}
            </p>
            <ol>
              {stepsOf(call).map(({ at, text }) => (
                <li key={text}>
                  {text} {at !== undefined && <span class="quiet">after {at} ms</span>}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </Dialog>
  );
}
