import type { PostbackEvent } from './events';

export type PostbackStatus = 'active' | 'paused' | 'archived';

/** What its account decides of a postback. */
export interface PostbackSettings {
  readonly name: string;
  readonly status: PostbackStatus;
  readonly events: readonly PostbackEvent[];
  readonly method: 'GET' | 'POST';
  /** A template. */
  readonly url: string;
  readonly bodyType: 'json' | 'form';
  /** A template; undefined = the event as JSON. */
  readonly body: string | undefined;
  /** Of calls, those of these campaigns; none = of all. */
  readonly campaignIds: readonly string[];
  /** Of calls, those that cost or earned something. */
  readonly convertedOnly: boolean;
  /** Most requests in a second. */
  readonly ratePerSecond: number;
}

/** Somebody who is told of events. Secrets and values of headers are not in it. */
export interface Postback extends PostbackSettings {
  readonly id: string;
  readonly accountId: string;
  /** Why the exchange paused it; null when it did not. */
  readonly pausedWhy: string | null;
  readonly headerNames: readonly string[];
  /** Until when the secret before signs as well; null when it does not. */
  readonly oldSecretUntil: Date | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Its columns, for statements. */
export const POSTBACK_COLUMNS = `p.id, p.account_id as "accountId", p.name, p.status, p.paused_why as "pausedWhy", p.events, p.method,
  p.url, p.body_type as "bodyType", p.body, p.header_names as "headerNames", p.campaign_ids as "campaignIds",
  p.converted_only as "convertedOnly", p.rate_per_second as "ratePerSecond",
  case when p.old_until > now() then p.old_until end as "oldSecretUntil", p.version,
  p.created_at as "createdAt", p.updated_at as "updatedAt"`;
