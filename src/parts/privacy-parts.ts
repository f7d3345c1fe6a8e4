import { join } from 'node:path';
import type { Config } from '../config';
import type { E164 } from '../domain';
import { CallerHasher } from '../rtb';
import { rtbSecret } from './rtb-secret';
import type { Database, ErasureRules, RetentionPolicy, Vault } from '../storage';
import { openVault } from '../storage';

/** What everything about persons goes by. */
export interface PrivacyParts {
  readonly vault: Vault;
  readonly retention: RetentionPolicy;
  /** @param now - UTC epoch milliseconds */
  readonly erasure: (now: number) => ErasureRules;
}

/** The vault of this installation. @throws Error in one line that says what to do */
export function openVaultOf(config: Config, database: Database): Promise<Vault> {
  return openVault(database, { key: config.privacy.key, file: join(config.dataDir, 'privacy.key') });
}

/** @throws Error in one line that says what to do */
export async function openPrivacy(config: Config, database: Database): Promise<PrivacyParts> {
  const { callsDays, consentYears, auditYears, keepProof } = config.privacy;
  const vault = await openVaultOf(config, database);
  const hasher = new CallerHasher(await rtbSecret(database, config));
  const aliases = (number: E164): string[] => [hasher.lasting(number)];
  return {
    vault,
    retention: { callsDays, consentYears, auditYears },
    erasure: (now) => ({ keepProof, consentYears, now, aliases }),
  };
}
