import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ConfigKey } from './keys';
import { CONFIG_KEYS } from './keys';
import type { Config } from './schema';
import { configSchema } from './schema';

/** Where a value came from. */
export type ConfigSource = 'default' | 'file' | 'env' | 'flag';

export interface LoadedConfig {
  readonly config: Config;
  /** By dotted name. */
  readonly sources: ReadonlyMap<string, ConfigSource>;
}

/** What is wrong, one line for each thing. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface ConfigInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--name=value` pairs, by dotted name. */
  readonly flags: Readonly<Record<string, string>>;
  /** Path of the YAML file; a file that is not there counts as empty, unless it was named by hand. */
  readonly file: string | undefined;
}

/** Variables of the prefix that are no settings: they steer tools around the switch. */
const OTHER_VARIABLES = new Set(['DCE_CONFIG', 'DCE_MEDIASOUP_WORKER_BIN', 'DCE_MEDIASOUP_BUILD']);
const OTHER_PREFIXES = ['DCE_TEST_'];

/**
 * Defaults, then `config.yaml`, then `DCE_` variables, then flags: the later wins.
 * @throws ConfigError naming every wrong value with where it came from and what is allowed
 */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const problems: string[] = [];
  const sources = new Map<string, ConfigSource>();
  const raw: Record<string, unknown> = {};
  const put = (key: ConfigKey, value: unknown, source: ConfigSource): void => {
    setPath(raw, key.path.split('.'), value);
    sources.set(key.path, source);
  };
  readFile(input.file, raw, sources, problems);
  for (const [name, text] of Object.entries(input.env)) {
    if (!name.startsWith('DCE_') || text === undefined || text === '' || isOther(name)) continue;
    const key = CONFIG_KEYS.find((known) => known.env === name);
    if (key) put(key, convert(text, key), 'env');
    else
      problems.push(
        `${name}: there is no such setting${nearest(
          name,
          CONFIG_KEYS.map((known) => known.env),
        )}`,
      );
  }
  for (const [path, text] of Object.entries(input.flags)) {
    const key = CONFIG_KEYS.find((known) => known.path === path);
    if (key) put(key, convert(text, key), 'flag');
    else
      problems.push(
        `--${path}: there is no such setting${nearest(
          path,
          CONFIG_KEYS.map((known) => known.path),
        )}`,
      );
  }
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const path = issue.path.join('.');
      problems.push(`${describe(path, sources)}: ${issue.message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems.join('\n'));
  if (parsed.data.media.portMax - parsed.data.media.portMin < 10) {
    throw new ConfigError('media.portMax: must be at least ten above media.portMin');
  }
  return { config: parsed.data, sources };
}

/** The configuration for people: every setting with its source, secrets masked. */
export function explainConfig({ config, sources }: LoadedConfig): string {
  return CONFIG_KEYS.map((key) => {
    const value = getPath(config, key.path.split('.'));
    const shown = value === undefined ? '(not set)' : key.secret ? '********' : JSON.stringify(value);
    return `${key.path} = ${shown}  [${sources.get(key.path) ?? 'default'}]`;
  }).join('\n');
}

function readFile(
  file: string | undefined,
  raw: Record<string, unknown>,
  sources: Map<string, ConfigSource>,
  problems: string[],
): void {
  if (file === undefined || !existsSync(file)) return;
  try {
    const content = parse(readFileSync(file, 'utf8')) as unknown;
    if (content === null || content === undefined) return;
    if (typeof content !== 'object' || Array.isArray(content))
      throw new Error('it must hold settings by name');
    Object.assign(raw, content);
    for (const key of CONFIG_KEYS) {
      if (getPath(raw, key.path.split('.')) !== undefined) sources.set(key.path, 'file');
    }
  } catch (error) {
    problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function describe(path: string, sources: ReadonlyMap<string, ConfigSource>): string {
  const key = CONFIG_KEYS.find((known) => path === known.path || path.startsWith(`${known.path}.`));
  const source = key && sources.get(key.path);
  if (key && source === 'env') return `${key.env} (${path})`;
  if (source === 'flag') return `--${path}`;
  return path;
}

function isOther(name: string): boolean {
  return OTHER_VARIABLES.has(name) || OTHER_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** A text as the setting's kind; what does not fit stays text, and validation says so. */
function convert(text: string, key: ConfigKey): unknown {
  if (key.kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (key.kind === 'boolean' && /^(true|false|1|0)$/i.test(text)) return /^(true|1)$/i.test(text);
  if (key.kind === 'list') return text.split(',').map((part) => part.trim());
  return text;
}

function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const child = target[head];
  const next = typeof child === 'object' && child !== null ? (child as Record<string, unknown>) : {};
  target[head] = next;
  setPath(next, rest, value);
}

function getPath(source: unknown, path: readonly string[]): unknown {
  let at: unknown = source;
  for (const name of path) at = (at as Record<string, unknown> | undefined)?.[name];
  return at;
}

/** `; did you mean …?` for a name close to a known one. */
function nearest(name: string, known: readonly string[]): string {
  let best = '';
  let bestDistance = 5;
  for (const candidate of known) {
    const d = distance(name, candidate, bestDistance);
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best === '' ? '' : `; did you mean ${best}?`;
}

/** Levenshtein distance, given up beyond a limit. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? limit;
}
