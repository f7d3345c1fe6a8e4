import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import type { CallDetail } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { clockTime } from '../../../shared/format';
import { isOperator } from '../../core/rights';
import { MODES, modeText, monitoringText, otherModes } from '../../core/monitoring';
import type { MonitorMode } from '../../core/monitoring';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { SelectField } from '../../ui/field';
import { sentence } from '../../ui/states';
import { optionsOf, useNames } from '../../ui/use-names';

/** Whom who listens chose last, on this page: they have one phone. */
let lastPhone = '';

/** The recording of a call that is up, and who listens in to it: as far as its media engine can, and as one may. */
export function CallSupervision({ call, onDone }: { readonly call: CallDetail; onDone(): void }) {
  const { api, user, toast } = useConsole();
  const mayRecord = useMay('calls:write');
  const mayListen = useMay('calls:monitor');
  const [asking, ask] = useState(false);
  const [busy, setBusy] = useState(false);
  const { live } = call;
  if (live === null || live === undefined) return null;
  const at = `/calls/${encodeURIComponent(call.id)}`;
  const act = async (done: string, what: 'recording' | 'monitor', body: object): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await api.post(`${at}/${what}`, body);
      toast('good', done);
      onDone();
    } catch (error) {
      toast('bad', sentence(asProblem(error).message));
    } finally {
      setBusy(false);
    }
  };
  const { recording, monitoring, can } = live;
  const records = mayRecord && can.includes('record');
  return (
    <>
      {records && recording.state === 'on' && (
        <Button
          busy={busy}
          onClick={() => void act('The recording is paused.', 'recording', { action: 'pause' })}
          testId="recording-pause"
        >
          Pause recording
        </Button>
      )}
      {records && recording.state === 'paused' && (
        <Button
          busy={busy}
          onClick={() => void act('The recording goes on.', 'recording', { action: 'resume' })}
          testId="recording-resume"
        >
          {recording.resumesAt === null
            ? 'Resume recording'
            : `Resume recording (${clockTime(Math.max(0, recording.resumesAt - Date.now()))})`}
        </Button>
      )}
      {records && isOperator(user) && (
        <Button
          busy={busy}
          onClick={() =>
            void (recording.state === 'off'
              ? act('The call is being recorded.', 'recording', { action: 'start' })
              : act('The call is recorded no more.', 'recording', { action: 'stop' }))
          }
          testId="recording-toggle"
        >
          {recording.state === 'off' ? 'Record' : 'Stop recording'}
        </Button>
      )}
      {monitoring !== null && (
        <span role="status" data-testid="monitoring">
          <Badge state="monitored" tone="warn" text={monitoringText(monitoring)} />
        </span>
      )}
      {mayListen && can.includes('monitor') && monitoring === null && (
        <Button onClick={() => ask(true)} testId="monitor-start">
          Listen
        </Button>
      )}
      {mayListen && monitoring !== null && (monitoring.own || isOperator(user)) && (
        <>
          {otherModes(monitoring.mode).map((mode) => (
            <Button
              key={mode}
              busy={busy}
              onClick={() => void act(modeText(mode).heard, 'monitor', { action: 'change', mode })}
              testId={`monitor-${mode}`}
            >
              {modeText(mode).label}
            </Button>
          ))}
          <Button
            busy={busy}
            onClick={() => void act('Nobody listens any more.', 'monitor', { action: 'stop' })}
            testId="monitor-stop"
          >
            Stop listening
          </Button>
        </>
      )}
      {asking && (
        <ListenDialog
          busy={busy}
          onClose={() => ask(false)}
          onConfirm={(mode, to) => {
            ask(false);
            void act('The phone rings.', 'monitor', { action: 'start', mode, to });
          }}
        />
      )}
    </>
  );
}

/** Begins to listen in to a call, wherever it is shown. Rendered where somebody may. */
export function ListenButton({ callId, caller }: { readonly callId: string; readonly caller: string }) {
  const { api, toast } = useConsole();
  const [asking, ask] = useState(false);
  const listen = async (mode: MonitorMode, to: object): Promise<void> => {
    ask(false);
    try {
      await api.post(`/calls/${encodeURIComponent(callId)}/monitor`, { action: 'start', mode, to });
      toast('good', 'The phone rings.');
    } catch (error) {
      toast('bad', sentence(asProblem(error).message));
    }
  };
  return (
    <>
      <Button small label={`Listen in to the call of ${caller}`} onClick={() => ask(true)} testId="listen">
        Listen
      </Button>
      {asking && (
        <ListenDialog
          busy={false}
          onClose={() => ask(false)}
          onConfirm={(mode, to) => void listen(mode, to)}
        />
      )}
    </>
  );
}

interface DialogProps {
  readonly busy: boolean;
  onClose(): void;
  onConfirm(mode: MonitorMode, to: { readonly kind: 'agent' | 'target'; readonly id: string }): void;
}

/** Asks which phone is to ring, and who is to hear who listens. */
function ListenDialog({ busy, onClose, onConfirm }: DialogProps) {
  const agents = useNames('/agents', 'agents:read');
  const targets = useNames('/targets', 'targets:read');
  const [phone, setPhone] = useState(lastPhone);
  const [missing, setMissing] = useState(false);
  const [mode, setMode] = useState<MonitorMode>('listen');
  const phones = [
    ['', 'Choose a phone'],
    ...optionsOf(agents, '')
      .slice(1)
      .map(([id, name]) => [`agent ${id}`, name] as const),
    ...optionsOf(targets, '')
      .slice(1)
      .map(([id, name]) => [`target ${id}`, `Target ${name}`] as const),
  ] as const;
  const confirm = (): void => {
    const [kind, id] = phone.split(' ');
    // A phone of before may be gone.
    if (id === undefined || !phones.some(([value]) => value === phone)) {
      setMissing(true);
      document.querySelector<HTMLElement>('[data-testid="monitor-phone"]')?.focus();
      return;
    }
    lastPhone = phone;
    onConfirm(mode, { kind: kind === 'target' ? 'target' : 'agent', id });
  };
  return (
    <ConfirmDialog
      heading="Listen in to this call"
      confirm="Ring"
      busy={busy}
      onClose={onClose}
      onConfirm={confirm}
    >
      <SelectField
        label="Phone"
        required
        value={phone}
        options={phones}
        error={missing ? 'choose whose phone is to ring' : undefined}
        onInput={(chosen) => {
          setPhone(chosen);
          setMissing(false);
        }}
        testId="monitor-phone"
      />
      <SelectField
        label="How"
        value={mode}
        options={MODES.map((one) => [one, modeText(one).label] as const)}
        onInput={(value) => setMode(value as MonitorMode)}
        testId="monitor-mode"
      />
      <p>{modeText(mode).heard}</p>
      <p>That somebody listened, who it was and how, is written to the audit log.</p>
    </ConfirmDialog>
  );
}
