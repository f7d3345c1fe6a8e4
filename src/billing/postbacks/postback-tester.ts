import { randomUUID } from 'node:crypto';
import type { Account } from '../../domain';
import { AppError, micros } from '../../domain';
import type { Queryable, Vault } from '../../storage';
import type { PostbackPlaces } from './check-postback';
import { assertPort, insecureAllowed } from './check-postback';
import { Deliverer } from './deliverer';
import type { ClaimedDelivery, SentRequest } from './delivery-queue';
import { SENDING_COLUMNS } from './delivery-queue';
import type { Listener, PostbackEvent } from './events';
import { isLeftByCall, isOfCall, listenerOf } from './events';
import type { CallPersons } from './fields';
import { fieldsFor } from './fields';
import { HttpSender } from './http-sender';

export interface PostbackTesterSettings {
  readonly places: PostbackPlaces;
  /** Milliseconds that a request may take, reply and all. */
  readonly timeoutMs: number;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds. */
  readonly monotonic: () => number;
}

/** What came of a test. */
export interface PostbackTest {
  readonly eventId: string;
  /** Undefined when it could not even be written. */
  readonly request: SentRequest | undefined;
  readonly delivered: boolean;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly response: string | undefined;
  readonly tookMs: number;
}

/** Tests under way at once. */
const MAX_TESTS = 8;

const READ = `select p.id as "postbackId", ${SENDING_COLUMNS}, a.type as "accountType"
  from postbacks p join accounts a on a.id = p.account_id where p.id = $1 and p.status <> 'archived'`;

type Sending = Pick<
  ClaimedDelivery,
  | 'postbackId'
  | 'host'
  | 'method'
  | 'url'
  | 'bodyType'
  | 'body'
  | 'sealedHeaders'
  | 'sealedSecret'
  | 'sealedOld'
>;

/** Sends events that did not happen, to see what comes back. Nothing of it is stored. */
export class PostbackTester {
  readonly #settings: PostbackTesterSettings;
  readonly #sender: HttpSender;
  readonly #deliverer: Deliverer;
  #underWay = 0;

  constructor(vault: Vault, settings: PostbackTesterSettings) {
    const { places, timeoutMs, now, monotonic } = settings;
    this.#settings = settings;
    this.#sender = new HttpSender({
      addresses: places.addresses,
      ports: places.ports,
      insecureAllowed: (host) => insecureAllowed(places, host),
      timeoutMs,
      monotonic,
    });
    this.#deliverer = new Deliverer({ vault, sender: this.#sender, now, monotonic });
  }

  /**
   * @returns undefined when there is no such postback
   * @throws AppError `rate_limited` when too many tests are under way, `unprocessable` for a port that is not allowed
   * @throws VaultError when its secret was sealed with another key
   */
  async test(db: Queryable, id: string, event: PostbackEvent): Promise<PostbackTest | undefined> {
    const { rows } = await db.query<Sending & { accountType: Account['type'] }>(READ, [id]);
    const [row] = rows;
    if (!row) return undefined;
    if (this.#underWay >= MAX_TESTS) {
      throw new AppError('rate_limited', 'too_many_tests', 'too many tests are under way: try again');
    }
    const now = this.#settings.now();
    const listener = listenerOf(row.accountType) ?? 'buyer';
    assertPort(row.url, listener, this.#settings.places);
    const delivery: ClaimedDelivery = {
      ...row,
      id: 0,
      eventId: `test_${randomUUID()}`,
      event,
      callId: null,
      happenedAt: now,
      listener,
      fields: fieldsFor(listener, sampleOf(event, listener, now)),
      attempts: 1,
    };
    this.#underWay++;
    try {
      return await this.#send(delivery);
    } finally {
      this.#underWay--;
    }
  }

  close(): void {
    this.#sender.close();
  }

  async #send(delivery: ClaimedDelivery): Promise<PostbackTest> {
    const { eventId, event } = delivery;
    const nothing = { eventId, status: undefined, error: undefined, response: undefined, delivered: false };
    const written = this.#deliverer.write(delivery, isOfCall(event) ? SAMPLE_PERSONS : undefined);
    if (!written.ok) return { ...nothing, request: undefined, error: written.problem, tookMs: 0 };
    const { request } = written;
    const { reply, tookMs } = await this.#deliverer.send(delivery, request);
    if (!reply.ok) return { ...nothing, request, error: `${reply.why}: ${reply.detail}`, tookMs };
    const { status, excerpt: response } = reply;
    return { ...nothing, request, tookMs, status, response, delivered: status >= 200 && status < 300 };
  }
}

/** Numbers that are nobody's (NANP 555-01XX). */
const SAMPLE_PERSONS: CallPersons = {
  caller: '+12125550123',
  dialled: '+18005550100',
  tags: { zip: '10001' },
};

function sampleOf(event: PostbackEvent, listener: Listener, now: number): Record<string, unknown> {
  if (isLeftByCall(event)) return leftSample(event, now);
  const money = { currency: 'USD', accountId: 'test' };
  if (!isOfCall(event)) {
    return {
      ...money,
      amount: micros(25_000_000),
      available: micros(100_000_000),
      number: 'TEST-1',
      state: 'test',
    };
  }
  return {
    callId: 'test',
    campaignId: 'test',
    buyerId: 'test',
    sellerId: 'test',
    currency: 'USD',
    connectedMs: 90_500,
    durationS: 90,
    converted: true,
    revenue: micros(25_000_000),
    payout: micros(15_000_000),
    ...(listener === 'operator' ? { carrierCost: micros(50_000) } : {}),
    receivedAt: now - 100_500,
    answeredAt: now - 95_500,
    endedAt: now - 5_000,
  };
}

function leftSample(event: PostbackEvent, now: number): Record<string, unknown> {
  const left = { callId: 'test', campaignId: 'test' };
  if (event === 'callback.requested') {
    return {
      ...left,
      sellerId: 'test',
      callbackId: 'test',
      ownNumber: true,
      requestedAt: now,
      notAfter: now + 86_400_000,
    };
  }
  const kind = event === 'voicemail.left' ? 'voicemail' : 'conversation';
  const recording = {
    ...left,
    recordingId: 'test',
    kind,
    ...(kind === 'voicemail' ? {} : { buyerId: 'test' }),
  };
  if (event === 'recording.failed') return { ...recording, lost: 'the disk is full' };
  return { ...recording, durationMs: 90_500, durationS: 90 };
}
