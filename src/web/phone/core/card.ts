import { isRecord } from '../../shared/is-record';

/** What the switch tells an agent of a call; fields are absent where the campaign does not show them. */
export interface CallCard {
  readonly callId: string;
  readonly campaign: string;
  readonly state?: string;
  readonly number?: string;
  /** Micro-units. */
  readonly price?: number;
  readonly currency?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Somebody else's call, which this phone listens in to. */
  readonly monitoring?: 'listen' | 'whisper' | 'barge';
}

/** Of an INFO of the switch: fields of the card that are others now, as JSON. */
const CARD_TYPE = 'application/vnd.dce.card+json';
const MAX_HEADER = 8_192;
const MAX_TAGS = 20;
const MODES = ['listen', 'whisper', 'barge'] as const;

/**
 * Reads the header `X-DCE-Card`: base64url of a JSON object. What cannot be read is left out, so that a
 * call rings whatever its card says.
 */
export function readCard(callId: string, header: string | undefined): CallCard {
  return cardOf(callId, header === undefined || header.length > MAX_HEADER ? undefined : parse(header));
}

/** Takes from a value what a card may hold. */
export function cardOf(callId: string, value: unknown): CallCard {
  const fields: Record<string, unknown> = isRecord(value) ? value : {};
  const text = (name: string) => {
    const field = fields[name];
    return typeof field === 'string' && field !== '' ? field : undefined;
  };
  const state = text('state');
  const number = text('number');
  const currency = text('currency');
  const price = fields['price'];
  const tags = tagsOf(fields['tags']);
  const monitoring = MODES.find((mode) => mode === fields['monitoring']);
  return {
    callId,
    campaign: text('campaign') ?? '',
    ...(state === undefined ? {} : { state }),
    ...(number === undefined ? {} : { number }),
    ...(currency === undefined ? {} : { currency }),
    ...(typeof price === 'number' && Number.isFinite(price) ? { price } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(monitoring === undefined ? {} : { monitoring }),
  };
}

/** How this phone listens in from now on, as an INFO tells it; undefined of one that tells something else. */
export function readMonitoring(contentType: string | undefined, body: string): CallCard['monitoring'] {
  if (contentType?.split(';', 1)[0]?.trim().toLowerCase() !== CARD_TYPE || body.length > MAX_HEADER) {
    return undefined;
  }
  try {
    return cardOf('', JSON.parse(body)).monitoring;
  } catch {
    return undefined;
  }
}

function tagsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .slice(0, MAX_TAGS);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function parse(header: string): unknown {
  try {
    const binary = atob(header.trim().replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
