import { DEFAULT_SETTINGS } from '../state';
import type { Settings } from '../state';

const TOKEN = 'dce.phone.token';
const SETTINGS = 'dce.phone.settings';
const INSTANCE = 'dce.phone.instance';

/** A browser may forbid storage: the page works without, and remembers nothing. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** The session's token lives as long as the tab. */
export const readToken = () => attempt(() => sessionStorage.getItem(TOKEN)) ?? undefined;
export const keepToken = (token: string | undefined) =>
  attempt(() =>
    token === undefined ? sessionStorage.removeItem(TOKEN) : sessionStorage.setItem(TOKEN, token),
  );

export function readSettings(): Settings {
  const text = attempt(() => localStorage.getItem(SETTINGS));
  const value = attempt(() => JSON.parse(text ?? '{}') as Partial<Record<keyof Settings, unknown>>) ?? {};
  const textOf = (name: 'input' | 'output' | 'ring') => {
    const field = value[name];
    return typeof field === 'string' ? field : DEFAULT_SETTINGS[name];
  };
  return {
    input: textOf('input'),
    output: textOf('output'),
    ring: textOf('ring'),
    shortcuts: value.shortcuts !== false,
    checked: value.checked === true,
  };
}
export const keepSettings = (settings: Settings) =>
  attempt(() => localStorage.setItem(SETTINGS, JSON.stringify(settings)));

/**
 * Names this browser at the registrar (RFC 5626 §4.1): a page that is loaded again takes its own place
 * instead of a second one.
 */
export function instanceId(): string {
  const kept = attempt(() => localStorage.getItem(INSTANCE));
  if (typeof kept === 'string' && /^[0-9a-f-]{36}$/.test(kept)) return kept;
  const fresh = uuid();
  attempt(() => localStorage.setItem(INSTANCE, fresh));
  return fresh;
}

/** Random UUID (RFC 9562 §5.4); crypto.randomUUID is missing outside secure contexts. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
