import type { E164 } from '../domain';
import { isNanp } from '../domain';
import type { ProviderSettings } from './provider-settings';

const WORD = /\{([A-Za-z]+)\}/g;
const WORDS = ['number', 'digits', 'national', 'consentDate', 'consentDay'] as const;
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
  /** The question must name a consent. */
  readonly needsConsent: boolean;

  /** @throws RangeError for what cannot be asked */
  constructor({ name, url, body }: Pick<ProviderSettings, 'name' | 'url' | 'body'>) {
    const [, origin = '', path = ''] = /^(https?:\/\/[^/?#]+)([/?].*)?$/i.exec(url) ?? [];
    if (!URL.canParse(origin) || /[{}@]/.test(origin) || path.includes('#')) {
      throw new RangeError(`provider ${name}: ${url} is no HTTP address with its words in path and query`);
    }
    this.origin = new URL(origin);
    this.#path = path.startsWith('/') ? path : `/${path}`;
    this.#body = body;
    const words = [...`${path}${JSON.stringify(body ?? null)}`.matchAll(WORD)].map(([, word]) => word ?? '');
    const unknown = words.find((word) => !WORDS.includes(word as Word));
    if (unknown !== undefined) {
      throw new RangeError(`provider ${name}: {${unknown}} is none of {${WORDS.join('}, {')}}`);
    }
    if (!words.some((word) => word === 'number' || word === 'digits' || word === 'national')) {
      throw new RangeError(`provider ${name}: neither its url nor its body names the number`);
    }
    this.needsConsent = words.some((word) => word === 'consentDate' || word === 'consentDay');
  }

  write(question: LookupQuestion): LookupRequest {
    const values = valuesOf(question);
    return {
      path: this.#path.replace(WORD, (_all, word: Word) => encodeURIComponent(values[word])),
      body: this.#body === undefined ? undefined : JSON.stringify(fill(this.#body, values)),
    };
  }
}

function valuesOf({ number, consentDate }: LookupQuestion): Readonly<Record<Word, string>> {
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

function fill(template: unknown, values: Readonly<Record<Word, string>>): unknown {
  if (typeof template === 'string') return template.replace(WORD, (_all, word: Word) => values[word]);
  if (Array.isArray(template)) return template.map((item) => fill(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values)]));
}
