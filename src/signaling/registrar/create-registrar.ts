import { randomBytes } from 'node:crypto';
import type { Clock } from '../../domain';
import { Authenticator } from './authenticator';
import type { BindingStore } from './bindings';
import type { DigestAlgorithm } from './digest';
import { Lockout } from './lockout';
import { Nonces } from './nonces';
import type { PhoneDirectory } from './phone-directory';
import type { ExpiryPolicy } from './plan-registration';
import { Registrar } from './registrar';

export interface CreateRegistrarOptions {
  readonly store: BindingStore;
  readonly directory: PhoneDirectory;
  /** Of short-lived credentials; the same on every node. */
  readonly secret: Buffer;
  /** Domain of the addresses that agents register, and the realm of their passwords; in lower case. */
  readonly domain: string;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly nodeId: string;
  readonly expiry: ExpiryPolicy;
  /** Within how many seconds a phone is to show that its connection lives. */
  readonly keepAliveSeconds: number;
  /** Whether phones get public GRUUs; by default they do. */
  readonly gruus?: boolean;
  readonly clock: Clock;
  /** A bug, or somebody who guesses passwords. */
  readonly warn?: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

const KEY_BYTES = 32;

/** The registrar of a node with all its parts. Nothing of it needs to be closed but the store. */
export function createRegistrar(options: CreateRegistrarOptions): Registrar {
  const {
    store,
    directory,
    secret,
    algorithms,
    clock,
    nodeId,
    domain,
    expiry,
    keepAliveSeconds,
    gruus,
    warn,
  } = options;
  const now = (): number => clock.now();
  const authenticator = new Authenticator({
    directory,
    nonces: new Nonces({ key: randomBytes(KEY_BYTES), now, randomBytes }),
    lockout: new Lockout({ now: () => clock.monotonic() }),
    realm: domain,
    algorithms,
    secret,
    now,
    agentOfFlow: (flow) => store.agentOfFlow(flow, now()),
    onLocked: ({ address, userId }) =>
      warn?.({ address, agentId: userId }, 'wrong passwords of phones: further tries must wait'),
  });
  return new Registrar({
    store,
    identify: (method, request) => authenticator.identify(method, request),
    domain,
    nodeId,
    expiry,
    keepAliveSeconds,
    now,
    random: Math.random,
    ...(gruus === undefined ? {} : { gruus }),
    ...(warn ? { warn } : {}),
  });
}
