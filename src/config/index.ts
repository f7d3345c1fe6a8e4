export { configSchema } from './schema';
export type { Config } from './schema';
export { CONFIG_KEYS } from './keys';
export type { ConfigKey } from './keys';
export { ConfigError, explainConfig, loadConfig } from './load-config';
export type { LoadedConfig } from './load-config';
