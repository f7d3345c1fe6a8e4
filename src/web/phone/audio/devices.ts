export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface Devices {
  readonly inputs: readonly Device[];
  readonly outputs: readonly Device[];
}

export const NO_DEVICES: Devices = { inputs: [], outputs: [] };

/** What can be chosen now. Before the microphone was allowed, browsers name nothing. */
export async function listDevices(): Promise<Devices> {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  const all = (await media?.enumerateDevices().catch(() => [])) ?? [];
  const of = (kind: MediaDeviceKind) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'default')
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { inputs: of('audioinput'), outputs: of('audiooutput') };
}

/** Told whenever something is plugged in or out. */
export function onDeviceChange(handler: () => void): void {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  media?.addEventListener('devicechange', handler);
}
