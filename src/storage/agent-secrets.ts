import type { Queryable } from './database';
import { inTransaction } from './in-transaction';
import { revokePhoneSessionsOf } from './phone-sessions';

/** What an agent proves a password with: the password itself is nowhere. */
export interface AgentSecret {
  /** argon2id, as a PHC string. */
  readonly passwordHash: string;
  readonly realm: string;
  /** Hexadecimal digests of `username:realm:password` (RFC 7616 §3.4.2), by MD5 and by SHA-256. */
  readonly ha1Md5: string;
  readonly ha1Sha256: string;
}

/**
 * Sets or replaces it: from then on the agent is signed out everywhere.
 * @param at - UTC epoch milliseconds
 * @throws the database's own error when there is no such agent
 */
export async function putAgentSecret(
  db: Queryable,
  agentId: string,
  secret: AgentSecret,
  at: number,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    // The agent before the secret, as whoever signs in locks them.
    await tx.query('update agents set signed_out_at = $2 where id = $1', [agentId, Math.ceil(at)]);
    await tx.query(
      `insert into agent_secrets (agent_id, password_hash, realm, ha1_md5, ha1_sha256) values ($1, $2, $3, $4, $5)
       on conflict (agent_id) do update set password_hash = excluded.password_hash, realm = excluded.realm,
         ha1_md5 = excluded.ha1_md5, ha1_sha256 = excluded.ha1_sha256, changed_at = now()`,
      [agentId, secret.passwordHash, secret.realm, secret.ha1Md5, secret.ha1Sha256],
    );
    await revokePhoneSessionsOf(tx, agentId);
  });
}

/** Undefined for an agent without a password. */
export async function findAgentSecret(db: Queryable, agentId: string): Promise<AgentSecret | undefined> {
  const { rows } = await db.query<AgentSecret>({
    name: 'agent-secret',
    text: `select password_hash as "passwordHash", realm, ha1_md5 as "ha1Md5", ha1_sha256 as "ha1Sha256"
      from agent_secrets where agent_id = $1`,
    values: [agentId],
  });
  return rows[0];
}
