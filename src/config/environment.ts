import type { ConfigKey } from './keys';
import { CONFIG_KEYS } from './keys';

const PREFIX = 'DCE_';
/** Variables of the prefix that are no settings: they steer tools around the switch. */
const OTHER_VARIABLES = new Set(['DCE_CONFIG', 'DCE_MEDIASOUP_WORKER_BIN', 'DCE_MEDIASOUP_BUILD']);
const OTHER_PREFIXES = ['DCE_TEST_', 'DCE_SECRET_'];

const BY_NAME = new Map(CONFIG_KEYS.map((key) => [key.env, key]));

/** The setting behind a variable; `unknown` for a name of ours that is none; undefined for one that is not ours. */
export function settingOf(name: string, value: string): ConfigKey | 'unknown' | undefined {
  if (!name.startsWith(PREFIX) || isServiceLink(name, value)) return undefined;
  if (OTHER_VARIABLES.has(name) || OTHER_PREFIXES.some((prefix) => name.startsWith(prefix))) return undefined;
  return BY_NAME.get(name) ?? 'unknown';
}

/**
 * Variables that container platforms set for every service whose name begins with "dce": a service
 * "dce-api" gives every container `DCE_API_PORT=tcp://10.0.0.7:8080`, which is no port of ours.
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}
