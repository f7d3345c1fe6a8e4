import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunning, processIdentity } from './process-identity';

/** What a private service remembers from start to start. */
export interface ServiceState {
  /** Port of the last start, wanted again; 0 = none yet. */
  readonly port: number;
  readonly password: string;
  /** Which process started it last, by its identity. */
  readonly starter?: string;
}

/** Reads it back; undefined when there is nothing usable. */
export function readState(file: string): ServiceState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers it whole or not at all, readable by the owner alone: there are passwords in it. */
export function writeState(file: string, state: ServiceState): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What to remember of a start by this very process. */
export function startedHere(port: number, password: string): ServiceState {
  return { port, password, starter: processIdentity(process.pid) ?? '' };
}

/** Forgets who started it, after it was stopped; port and password stay. */
export function forgetStarter(file: string): void {
  const state = readState(file);
  if (state) writeState(file, { port: state.port, password: state.password });
}

/**
 * One folder belongs to one exchange at a time: taking over, and later stopping, what another living
 * one uses would end its calls.
 * @throws Error in one line that says what to do
 */
export function requireOurs(state: ServiceState | undefined, folder: string): void {
  const starter = state?.starter;
  if (!starter || starter === processIdentity(process.pid) || !isRunning(starter)) return;
  const [pid] = starter.split(':', 1);
  throw new Error(
    `an exchange runs on ${folder} already (process ${pid}): stop it, or set DCE_DATA_DIR to another folder`,
  );
}

function isState(value: unknown): value is ServiceState {
  if (typeof value !== 'object' || value === null) return false;
  const { port, password } = value as Record<string, unknown>;
  return Number.isInteger(port) && typeof password === 'string' && password !== '';
}
