export { configSchema } from './schema';
export type { Config } from './schema';
export { CONFIG_KEYS } from './keys';
export type { ConfigKey } from './keys';
export { takeFlags } from './flags';
export type { TakenFlags } from './flags';
export { ConfigError, loadConfig } from './load-config';
export type { ConfigInput, ConfigSource, LoadedConfig } from './load-config';
export {
  configEnvironment,
  configReference,
  explainConfig,
  explainSettings,
  maskSecrets,
} from './show-config';
export type { ExplainedSetting } from './show-config';
