import { settingOf } from './environment';
import type { ConfigKey } from './keys';
import { CONFIG_KEYS } from './keys';
import { didYouMean } from './nearest';
import type { Tree } from './paths';
import { setPath } from './paths';
import { DEFAULT_FILE, readConfigFile } from './read-file';
import type { Config } from './schema';
import { configSchema } from './schema';

/** Where a value came from. */
export type ConfigSource = 'default' | 'file' | 'env' | 'flag';

export interface LoadedConfig {
  readonly config: Config;
  /** By dotted name; a setting that is not in it has its default. */
  readonly sources: ReadonlyMap<string, ConfigSource>;
}

/** What is wrong, one line for each thing. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface ConfigInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By dotted name. */
  readonly flags: Readonly<Record<string, string>>;
  /** A YAML file named by hand; without one `config.yaml` is read where there is one. */
  readonly file: string | undefined;
}

/**
 * Defaults, then `config.yaml`, then `DCE_` variables, then flags: the later wins. Variables that are
 * set to nothing count as not set.
 * @throws ConfigError naming every wrong value with where it came from and what is allowed
 */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const file = readConfigFile(input.file);
  const problems = [...file.problems];
  const sources = new Map<string, ConfigSource>();
  const raw: Tree = {};
  const put = (path: string, value: unknown, source: ConfigSource): void => {
    setPath(raw, path, value);
    sources.set(path, source);
  };
  for (const [path, value] of file.values) put(path, value, 'file');
  for (const [name, text = ''] of Object.entries(input.env)) {
    if (text === '') continue;
    const key = settingOf(name, text);
    if (key === 'unknown') problems.push(`${name}: there is no such setting${didYouMean(name, ENV_NAMES)}`);
    else if (key) put(key.path, convert(text, key), 'env');
  }
  for (const [path, text] of Object.entries(input.flags)) {
    const key = CONFIG_KEYS.find((known) => known.path === path);
    if (key) put(path, convert(text, key), 'flag');
    else problems.push(`--${path}: there is no such setting${didYouMean(path, PATHS)}`);
  }
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      problems.push(`${whereIs(path.join('.'), sources, input.file)}: ${message}`);
    }
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { config: parsed.data, sources };
}

const ENV_NAMES = CONFIG_KEYS.map(({ env }) => env);
const PATHS = CONFIG_KEYS.map(({ path }) => path);

/** The place that an operator must change. */
function whereIs(path: string, sources: ReadonlyMap<string, ConfigSource>, file: string | undefined): string {
  const key = CONFIG_KEYS.find((known) => path === known.path || path.startsWith(`${known.path}.`));
  switch (key && sources.get(key.path)) {
    case 'file':
      return `${file ?? DEFAULT_FILE}: ${path}`;
    case 'env':
      return `${key?.env} (${path})`;
    case 'flag':
      return `--${path}`;
    case 'default':
    case undefined:
      return path;
  }
}

/** A text as the setting's kind; what does not fit stays text, and validation says so. */
function convert(text: string, key: ConfigKey): unknown {
  const trimmed = text.trim();
  if (key.kind === 'number' && /^-?\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (key.kind === 'boolean' && /^(true|false|1|0)$/i.test(trimmed)) return /^(true|1)$/i.test(trimmed);
  if (key.kind === 'json') return readJson(trimmed);
  if (key.kind === 'list') return trimmed.split(',').map((part) => part.trim());
  return text;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
