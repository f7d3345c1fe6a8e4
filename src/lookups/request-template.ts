import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { E164 } from '../domain';
import { isNanp } from '../domain';
import type { ProviderSettings } from './provider-settings';

const WORD = /\{([A-Za-z]+)\}/g;
const WORDS = ['number', 'digits', 'national', 'consentDate', 'consentDay', 'secret'] as const;
type Word = (typeof WORDS)[number];

/** What is asked of a provider about one number. */
export interface LookupQuestion {
  readonly number: E164;
  /** UTC epoch milliseconds of the consent that is relied on. */
  readonly consentDate: number | undefined;
}

/** A request, made of a template and a question. */
export interface LookupRequest {
  readonly path: string;
  readonly body: string | undefined;
}

/** Where and with what a provider is asked; everything is checked before the first question. */
export class RequestTemplate {
  readonly origin: URL;
  readonly #path: string;
  readonly #body: unknown;
  readonly #secret: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The question must name a consent. */
  readonly needsConsent: boolean;

  /**
   * @param secret - what `{secret}` stands for; undefined = there is none
   * @throws RangeError for what cannot be asked
   */
  constructor(
    { name, url, body, headers = {} }: Pick<ProviderSettings, 'name' | 'url' | 'body' | 'headers'>,
    secret: string | undefined,
  ) {
    const [, origin = '', path = ''] = /^(https?:\/\/[^/?#]+)([/?].*)?$/i.exec(url) ?? [];
    if (!URL.canParse(origin) || /[{}@]/.test(origin) || /[^\x21-\x7e]|#/.test(path)) {
      throw new RangeError(`provider ${name}: ${url} is no HTTP address with its words in path and query`);
    }
    this.origin = new URL(origin);
    this.#path = path.startsWith('/') ? path : `/${path}`;
    this.#body = body;
    this.#secret = secret ?? '';
    this.headers = writeHeaders(name, headers, this.#secret);
    const words = wordsOf(`${path}${JSON.stringify(body ?? null)}`);
    const unknown = words.find((word) => !WORDS.includes(word as Word));
    if (unknown !== undefined) {
      throw new RangeError(`provider ${name}: {${unknown}} is none of {${WORDS.join('}, {')}}`);
    }
    if (secret === undefined && [...words, ...wordsOf(JSON.stringify(headers))].includes('secret')) {
      throw new RangeError(`provider ${name}: its secret is missing: set the variable that secretEnv names`);
    }
    if (!words.some((word) => word === 'number' || word === 'digits' || word === 'national')) {
      throw new RangeError(`provider ${name}: neither its url nor its body names the number`);
    }
    this.needsConsent = words.some((word) => word === 'consentDate' || word === 'consentDay');
  }

  write(question: LookupQuestion): LookupRequest {
    const values = { ...valuesOf(question), secret: this.#secret };
    return {
      path: this.#path.replace(WORD, (_all, word: Word) => encodeURIComponent(values[word])),
      body: this.#body === undefined ? undefined : JSON.stringify(fill(this.#body, values)),
    };
  }
}

function valuesOf({ number, consentDate }: LookupQuestion): Record<Exclude<Word, 'secret'>, string> {
  const digits = number.slice(1);
  const date = consentDate === undefined ? '' : new Date(consentDate).toISOString().slice(0, 10);
  return {
    number,
    digits,
    national: isNanp(number) ? digits.slice(1) : digits,
    consentDate: date,
    consentDay: date.replace(/-/g, ''),
  };
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(WORD)].map(([, word]) => word ?? '');
}

/** Only the secret is replaced in headers: what is asked about stands in the address or the body. */
function writeHeaders(
  name: string,
  headers: Readonly<Record<string, string>>,
  secret: string,
): Record<string, string> {
  const all: Record<string, string> = { Accept: 'application/json' };
  for (const [header, template] of Object.entries(headers)) {
    const value = template.replaceAll('{secret}', secret);
    try {
      validateHeaderName(header);
      validateHeaderValue(header, value);
    } catch {
      throw new RangeError(`provider ${name}: its header ${JSON.stringify(header)} cannot be sent`);
    }
    all[header] = value;
  }
  return all;
}

function fill(template: unknown, values: Readonly<Record<Word, string>>): unknown {
  if (typeof template === 'string') return template.replace(WORD, (_all, word: Word) => values[word]);
  if (Array.isArray(template)) return template.map((item) => fill(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values)]));
}
