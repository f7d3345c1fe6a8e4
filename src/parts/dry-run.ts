import { randomBytes } from 'node:crypto';
import type { DryRunDesk } from '../api';
import { MarketFields } from '../api';
import type { Config } from '../config';
import type { Clock } from '../domain';
import { DryRuns } from '../replay';
import type { KnownMarket } from './known-market';

export interface DryRunParts {
  readonly config: Pick<Config, 'decision'>;
  readonly known: Pick<KnownMarket, 'market' | 'activity' | 'fraud' | 'shelf'>;
  readonly clock: Clock;
}

/** Decisions about calls that there are not, over what this node knows. */
export function dryRunDesk({ config, known, clock }: DryRunParts): DryRunDesk {
  const { market, activity, fraud, shelf } = known;
  // The shapes are put together when the first draft is tried.
  let fields: MarketFields | undefined;
  const runs = new DryRuns({
    ...{ market, activity, fraud, shelf },
    check: (entity, values, whole) => (fields ??= new MarketFields()).check(entity, values, whole),
    degraded: () => config.decision.without,
    seed: () => randomBytes(4).readUInt32LE(),
    monotonic: () => clock.monotonic(),
  });
  return {
    originOf: (trunkId) => market.trunk(trunkId)?.origin,
    run: (attempt, at, changes) => runs.run(attempt, at, changes),
    now: () => clock.now(),
  };
}
