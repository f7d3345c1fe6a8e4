import { CONFIG_KEYS } from './keys';

const KEYS = new Set(CONFIG_KEYS.map(({ path }) => path));

/** Arguments parted into settings and the rest. */
export interface TakenFlags {
  /** By dotted name. */
  readonly flags: Readonly<Record<string, string>>;
  /** What is not a setting, in its order. */
  readonly rest: readonly string[];
}

/**
 * Takes the settings out of a command line: `--sip.t1Ms=250`, `--sip.t1Ms 250`, `--telemetry.tracing`
 * (true). A dotted name that is no setting is taken too, so that it is reported and not passed by;
 * a name without a dot (`environment`) is taken when it is one.
 */
export function takeFlags(args: readonly string[]): TakenFlags {
  const flags: Record<string, string> = {};
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      rest.push(...args.slice(i));
      break;
    }
    const [, name = '', value] = /^--([A-Za-z][A-Za-z0-9.]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (!KEYS.has(name) && !name.includes('.')) {
      rest.push(arg);
      continue;
    }
    const next = args[i + 1];
    if (value !== undefined) flags[name] = value;
    else if (next !== undefined && !next.startsWith('--') && !isSwitch(name)) {
      flags[name] = next;
      i++;
    } else flags[name] = 'true';
  }
  return { flags, rest };
}

function isSwitch(name: string): boolean {
  return CONFIG_KEYS.some((key) => key.path === name && key.kind === 'boolean');
}
