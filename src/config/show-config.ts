import { CONFIG_KEYS } from './keys';
import type { ConfigSource, LoadedConfig } from './load-config';
import type { Tree } from './paths';
import { getPath, setPath } from './paths';
import type { Config } from './schema';
import { configSchema } from './schema';

/** One effective setting, fit to be shown. */
export interface ExplainedSetting {
  readonly path: string;
  /** Masked when it is secret; undefined when it is not set. */
  readonly value: unknown;
  readonly source: ConfigSource;
  readonly description: string;
}

const MASK = '********';

/** The configuration with every secret hidden; of a URL, what is not secret stays. */
export function maskSecrets(config: Config): Tree {
  const shown: Tree = {};
  for (const { path, secret } of CONFIG_KEYS) {
    const value = getPath(config, path);
    if (value !== undefined) setPath(shown, path, secret && !isEmpty(value) ? mask(value) : value);
  }
  return shown;
}

/** Every setting with its value, secrets masked, and where it came from. */
export function explainSettings({ config, sources }: LoadedConfig): ExplainedSetting[] {
  const shown = maskSecrets(config);
  return CONFIG_KEYS.map(({ path, description }) => ({
    path,
    value: getPath(shown, path),
    source: sources.get(path) ?? 'default',
    description,
  }));
}

/** The same for people, one line for each setting. */
export function explainConfig(loaded: LoadedConfig): string {
  return explainSettings(loaded)
    .map(({ path, value, source }) => {
      return `${path} = ${value === undefined ? '(not set)' : JSON.stringify(value)}  [${source}]`;
    })
    .join('\n');
}

/** The configuration as variables, for a child process that shall see the same. */
export function configEnvironment(config: Config): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { path, env, kind } of CONFIG_KEYS) {
    const value = getPath(config, path);
    if (kind === 'json') variables[env] = JSON.stringify(value);
    else if (Array.isArray(value) && value.length > 0) variables[env] = value.join(',');
    else if (value !== undefined && !Array.isArray(value)) variables[env] = String(value);
  }
  return variables;
}

/** The reference of all settings, in Markdown, from the schema. */
export function configReference(): string {
  const defaults = configSchema.parse({});
  const sections = new Map<string, string[]>();
  for (const { path, env, description, kind, secret, choices } of CONFIG_KEYS) {
    const section = path.includes('.') ? path.slice(0, path.indexOf('.')) : 'general';
    const value = path === 'node.id' ? undefined : getPath(defaults, path);
    const lines = sections.get(section) ?? [];
    lines.push(
      `| \`${path}\` | \`${env}\` | ${choices?.map((choice) => `\`${choice}\``).join(', ') ?? kind} | ${
        value === undefined ? '–' : `\`${JSON.stringify(value)}\``
      } | ${description}${secret ? ' (secret)' : ''} |`,
    );
    sections.set(section, lines);
  }
  return [...sections]
    .map(([section, lines]) =>
      [
        `## ${section}`,
        '',
        '| setting | variable | kind | default | what for |',
        '|---|---|---|---|---|',
        ...lines,
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** A list of nothing hides nothing. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function mask(value: unknown): string {
  if (typeof value !== 'string' || !URL.canParse(value)) return MASK;
  const url = new URL(value);
  if (url.host === '') return MASK;
  const user = url.username === '' && url.password === '' ? '' : `${url.username}:${MASK}@`;
  // A query may hold a password too.
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : `?${MASK}`}`;
}
