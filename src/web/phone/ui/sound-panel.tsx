import { useEffect, useRef, useState } from 'preact/hooks';
import type { Device } from '../audio/devices';
import { canChooseOutput } from '../audio/sounds';
import { notificationPermission } from '../browser/attention';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Dialog } from './dialog';
import { Icon } from './icons';
import { TroubleNote } from './trouble-note';

interface Props {
  readonly phone: Phone;
  readonly state: PhoneState;
}

/** Which devices are used, and whether the microphone works. */
export function SoundPanel({ phone, state }: Props) {
  const { devices, settings } = state;
  return (
    <Dialog heading={TEXT.sound.heading} closeText={TEXT.sound.close} onClose={() => phone.show('sound')}>
      <MicrophoneCheck phone={phone} state={state} />
      <Choice
        testId="device-input"
        name={TEXT.sound.microphone}
        devices={devices.inputs}
        chosen={settings.input}
        onChoose={(input) => void phone.configure({ input })}
      />
      {canChooseOutput() ? (
        <>
          <Choice
            testId="device-output"
            name={TEXT.sound.speaker}
            devices={devices.outputs}
            chosen={settings.output}
            onChoose={(output) => void phone.configure({ output })}
          />
          <Choice
            testId="device-ring"
            name={TEXT.sound.ring}
            devices={devices.outputs}
            chosen={settings.ring}
            onChoose={(ring) => void phone.configure({ ring })}
          />
        </>
      ) : (
        <p class="quiet">{TEXT.sound.outputFixed}</p>
      )}
      <div class="row start">
        <button type="button" class="button" onClick={() => phone.sounds.tryRing()}>
          <Icon name="sound" />
          {TEXT.sound.tryRing}
        </button>
        <Notifications />
      </div>
    </Dialog>
  );
}

/** A voice is louder than this; the noise of a room is not. */
const VOICE = 0.02;

function MicrophoneCheck({ phone, state }: Props) {
  const [heard, setHeard] = useState(false);
  const [open, setOpen] = useState(false);
  const meter = useRef<HTMLProgressElement>(null);
  const { input } = state.settings;
  useEffect(() => {
    if (!open) return undefined;
    let frame = 0;
    let listening: { level(): number; close(): void } | undefined;
    let closed = false;
    let taken = false;
    void phone.microphone.take().then((opened) => {
      phone.store.set({ microphone: opened.ok ? 'ok' : opened.trouble });
      if (!opened.ok) return setOpen(false);
      if (closed) return phone.microphone.release();
      taken = true;
      void phone.learnDevices();
      void phone.configure({ checked: true });
      listening = phone.sounds.listen(opened.track);
      const show = () => {
        const level = listening?.level() ?? 0;
        // A voice fills half of it: loudness is heard by its logarithm.
        if (meter.current) meter.current.value = Math.max(0, 1 + Math.log10(Math.max(level, 0.001)) / 3);
        if (level > VOICE) setHeard(true);
        frame = requestAnimationFrame(show);
      };
      show();
    });
    return () => {
      closed = true;
      cancelAnimationFrame(frame);
      listening?.close();
      if (taken) phone.microphone.release();
    };
    // Another device is listened to anew.
  }, [phone, open, input]);
  const trouble = state.microphone !== 'ok' && state.microphone !== 'unknown' ? state.microphone : undefined;
  return (
    <div class="mic-check">
      {open ? (
        <>
          <progress
            class="bar"
            ref={meter}
            max={1}
            value={0}
            aria-label={TEXT.sound.level}
            data-testid="mic-level"
          />
          <p class={heard ? 'good-text' : 'quiet'} role="status" data-testid="mic-result">
            {heard ? TEXT.sound.works : TEXT.sound.speak}
          </p>
        </>
      ) : (
        trouble !== undefined && <TroubleNote code={trouble} />
      )}
      <button
        type="button"
        class="button"
        data-testid="mic-check"
        aria-pressed={open}
        onClick={() => {
          phone.sounds.unlock();
          setHeard(false);
          setOpen(!open);
        }}
      >
        <Icon name="mic" />
        {open ? TEXT.sound.stop : TEXT.sound.start}
      </button>
    </div>
  );
}

interface ChoiceProps {
  readonly testId: string;
  readonly name: string;
  readonly devices: readonly Device[];
  readonly chosen: string;
  onChoose(id: string): void;
}

function Choice({ testId, name, devices, chosen, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      <span>{name}</span>
      <select
        data-testid={testId}
        value={devices.some(({ id }) => id === chosen) ? chosen : ''}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
      >
        <option value="">{TEXT.sound.default}</option>
        {devices.map(({ id, label }, index) => (
          <option key={id} value={id}>
            {label || TEXT.sound.unnamed(index + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Notifications() {
  const [permission, setPermission] = useState(notificationPermission);
  if (permission === 'unsupported') return null;
  if (permission === 'granted') return <p class="quiet">{TEXT.sound.notifyOn}</p>;
  if (permission === 'denied') return <p class="quiet">{TEXT.sound.notifyDenied}</p>;
  return (
    <button
      type="button"
      class="button"
      onClick={() => void Notification.requestPermission().then(setPermission)}
    >
      {TEXT.sound.notify}
    </button>
  );
}
