import type { Principal } from '../../domain';

/** Who did something. */
export interface AuditActor {
  /** `nobody`: who did not show, or not prove, who they are. `cli`: a user of the operating system. */
  readonly kind: Principal['kind'] | 'agent' | 'cli' | 'system' | 'nobody';
  readonly id: string;
  readonly accountId?: string | undefined;
  readonly role?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** By field: what it was, where that is known, and what it is. */
export type AuditChanges = Readonly<Record<string, { readonly before?: unknown; readonly after?: unknown }>>;

/** What is written of one deed. */
export interface AuditEntry {
  readonly actor: AuditActor;
  /** Name of the operation (`operationId`), or of the command, e.g. `cli.rates.import`. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id?: string | undefined } | undefined;
  /** As HTTP has it; 200 by default. */
  readonly status?: number;
  readonly requestId?: string | undefined;
  readonly address?: string | undefined;
  readonly changes?: AuditChanges | undefined;
  readonly reason?: string | undefined;
}

/** An entry as it is kept. */
export interface StoredAuditEntry extends AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly status: number;
  /** Whether it is in a block of the chain; a few seconds after it was written it is. */
  readonly isSealed: boolean;
}

/** The actor that a principal is. */
export function actorOf({ kind, id, accountId, role, sessionId }: Principal): AuditActor {
  return { kind, id, accountId, role, sessionId };
}
