import type { CallOrigin, E164 } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import { NOON, ringTarget, saleTerms } from '../../../../support/call-records';

/** What a test wants of a call. */
export interface WantedCall {
  readonly id: string;
  readonly from: E164;
  readonly to?: string;
  readonly origin?: CallOrigin;
  readonly tags?: Readonly<Record<string, string>>;
  readonly forwardedBy?: readonly E164[];
  readonly detail?: string;
  /** UTC epoch milliseconds. */
  readonly receivedAt?: number;
  /** Still up. */
  readonly up?: boolean;
}

/** Stores calls that ended, each with its decision. */
export async function storeCalls(db: Database, calls: readonly WantedCall[]): Promise<void> {
  const rows = calls.map((call, n) => {
    const {
      id,
      from,
      to = '+18005550100',
      origin = 'inbound_consumer',
      receivedAt = NOON + n * 1_000,
    } = call;
    const attempt = {
      callId: id,
      receivedAt,
      from,
      to,
      trunkId: 'trunk-1',
      origin,
      verstat: 'passed',
      forwardedBy: call.forwardedBy ?? [],
      tags: call.tags ?? {},
    };
    const findings = [{ rule: 'tcpa.calling_hours', outcome: 'pass', detail: `${from} is in New York` }];
    const bids = { total: 1, counts: {}, listed: [{ bidId: 'bid-1', price: 25_000_000 }] };
    return {
      id,
      caller: from,
      dialled: to,
      origin,
      detail: call.detail ?? 'the caller hung up',
      received_at: receivedAt,
      ended_at: call.up === true ? null : receivedAt + 60_000,
      sip_call_id: `${id}@192.0.2.9`,
      state: call.up === true ? 'answered' : 'completed',
      sale: { target: ringTarget(), terms: saleTerms() },
      decision: {
        ok: true,
        plan: [ringTarget()],
        terms: saleTerms(),
        trace: {
          attempt,
          findings,
          facts: { compliance: { consents: [{ id: '1', number: from }] }, liveBids: [] },
          bids,
        },
      },
    };
  });
  await db.query(
    `with given as (
       select * from json_to_recordset($1::json) as r(id text, caller text, dialled text, origin text, detail text,
         received_at bigint, ended_at bigint, sip_call_id text, state text, sale jsonb, decision jsonb)),
     stored as (
       insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, detail,
         received_at, ended_at, sale)
       select id, 'node', 'boot', sip_call_id, state, 'trunk-1', caller, dialled, origin, detail, received_at, ended_at,
         sale from given)
     insert into call_decisions (call_id, decision, microseconds) select id, decision, 10 from given`,
    [JSON.stringify(rows)],
  );
}
