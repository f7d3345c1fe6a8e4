import type { Vault } from '../../storage';
import type { BodyTemplate } from './body-template';
import { compileFormBody, compileJsonBody } from './body-template';
import type { ClaimedDelivery, SentRequest } from './delivery-queue';
import type { CallPersons } from './fields';
import type { HttpSender, PostbackReply } from './http-sender';
import { headersPlace, secretPlace } from './postback-store';
import { POSTBACK_SIGNATURE_HEADER, signPostback } from './signature';
import type { ToldEvent } from './told-event';
import { eventBody } from './told-event';
import type { Compiled } from './url-template';
import { compileUrl } from './url-template';

/** What is sent, or why it never can be. */
export type Written =
  { readonly ok: true; readonly request: SentRequest } | { readonly ok: false; readonly problem: string };

export interface Attempt {
  readonly reply: PostbackReply;
  readonly tookMs: number;
}

export interface DelivererParts {
  readonly vault: Vault;
  readonly sender: Pick<HttpSender, 'send'>;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds. */
  readonly monotonic: () => number;
}

const MAX_BODY = 65_536;
const CONTENT_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const;

/** Writes deliveries as requests, signs them and sends them. */
export class Deliverer {
  readonly #parts: DelivererParts;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
  }

  /** The request of a delivery. Someone may know less than when its templates were saved: that is empty then. */
  write(delivery: ClaimedDelivery, persons: CallPersons | undefined): Written {
    const { method, listener } = delivery;
    const told: ToldEvent = {
      eventId: delivery.eventId,
      event: delivery.event,
      happenedAt: delivery.happenedAt,
      fields: delivery.fields,
      persons: persons && (listener === 'buyer' ? { ...persons, dialled: undefined } : persons),
      webhookId: delivery.postbackId,
    };
    // Templates were checked for their account; what it may not know of this event is not among the fields.
    const url = compileUrl(delivery.url, 'operator');
    const body = this.#body(delivery);
    if (!url.ok || !body.ok) return { ok: false, problem: 'its templates cannot be read any more' };
    try {
      const text = method === 'GET' ? null : body.template.write(told);
      if (text !== null && Buffer.byteLength(text) > MAX_BODY) {
        return { ok: false, problem: `the body is longer than ${MAX_BODY} bytes` };
      }
      return { ok: true, request: { method, url: url.template.write(told), body: text } };
    } catch (error) {
      if (error instanceof RangeError) return { ok: false, problem: error.message };
      throw error;
    }
  }

  /**
   * Sends it, signed at this moment.
   * @throws VaultError when its secret was sealed with another key
   */
  async send(delivery: ClaimedDelivery, request: SentRequest, signal?: AbortSignal): Promise<Attempt> {
    const { vault, sender, now, monotonic } = this.#parts;
    const { postbackId: id, sealedHeaders, sealedSecret, sealedOld } = delivery;
    const secrets = [sealedSecret, ...(sealedOld ? [sealedOld] : [])].map((sealed) =>
      vault.open(sealed, secretPlace(id)),
    );
    const own = sealedHeaders
      ? (JSON.parse(vault.open(sealedHeaders, headersPlace(id))) as Record<string, string>)
      : {};
    const { url, body } = request;
    const headers = {
      ...own,
      'User-Agent': 'DCE-Postbacks/1',
      Accept: '*/*',
      ...(body === null
        ? {}
        : {
            'Content-Type': CONTENT_TYPES[delivery.bodyType],
            'Content-Length': String(Buffer.byteLength(body)),
          }),
      'DCE-Event-Id': delivery.eventId,
      'DCE-Event': delivery.event,
      'DCE-Delivery': String(delivery.id),
      'DCE-Attempt': String(delivery.attempts),
      [POSTBACK_SIGNATURE_HEADER]: signPostback(body ?? url, secrets, now()),
    };
    const startedAt = monotonic();
    const reply = await sender.send(
      { method: delivery.method, url, headers, body: body ?? undefined },
      signal,
    );
    return { reply, tookMs: Math.round(monotonic() - startedAt) };
  }

  #body({ bodyType, body }: ClaimedDelivery): Compiled<BodyTemplate> {
    if (body === null) return { ok: true, template: { write: eventBody } };
    return (bodyType === 'json' ? compileJsonBody : compileFormBody)(body, 'operator');
  }
}

/** True when templates ask for tags of the call. */
export function wantsTags({ url, body }: Pick<ClaimedDelivery, 'url' | 'body'>): boolean {
  return url.includes('{tag:') || (body?.includes('{tag:') ?? false);
}
