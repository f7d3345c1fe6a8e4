import type { LookupFact } from '../domain';
import { atPointer, checkPointer } from './json-pointer';
import type { ProviderSettings } from './provider-settings';

/** What a provider said, or what was wrong with it. */
export type ProviderAnswer =
  | {
      readonly ok: true;
      readonly answer: Exclude<LookupFact['answer'], 'unavailable'>;
      readonly value: string | undefined;
    }
  | { readonly ok: false; readonly why: AnswerFailure };

/** Why there is no answer: stable words, for metrics. */
export const ANSWER_FAILURES = [
  'timeout',
  'connection',
  'status',
  'too_large',
  'not_json',
  'not_understood',
  'too_many',
  'circuit_open',
] as const;
export type AnswerFailure = (typeof ANSWER_FAILURES)[number];

const MAX_VALUE = 64;

/** @throws RangeError for a reading that can never find anything */
export function checkReading({ name, kind, answer, value }: ProviderSettings): void {
  if (answer) checkPointer(answer.pointer);
  if (value) checkPointer(value.pointer);
  if (kind === 'line_type' && !value) throw new RangeError(`provider ${name}: a line type needs a value`);
  if (kind !== 'line_type' && !answer) throw new RangeError(`provider ${name}: an answer must be read`);
  const said = [...(answer?.listed ?? []), ...(answer?.clear ?? []), ...(answer?.noData ?? [])];
  const twice = said.find((text, index) => said.indexOf(text) !== index);
  if (twice !== undefined) throw new RangeError(`provider ${name}: "${twice}" means two things`);
}

/** Reads a provider's document. What is not foreseen is no answer: nothing is taken for clear by mistake. */
export function readAnswer(settings: ProviderSettings, text: string): ProviderAnswer {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { ok: false, why: 'not_json' };
  }
  const value = readValue(settings, document);
  const { answer: reading } = settings;
  if (!reading) {
    return { ok: true, answer: value === undefined ? 'no_data' : 'clear', value };
  }
  const said = asText(atPointer(document, reading.pointer));
  if (said === undefined) return { ok: false, why: 'not_understood' };
  if (reading.listed.includes(said)) return { ok: true, answer: 'listed', value };
  if (reading.clear.includes(said)) return { ok: true, answer: 'clear', value };
  if (reading.noData?.includes(said)) return { ok: true, answer: 'no_data', value };
  return { ok: false, why: 'not_understood' };
}

function readValue({ value }: ProviderSettings, document: unknown): string | undefined {
  if (!value) return undefined;
  const said = asText(atPointer(document, value.pointer));
  if (said === undefined || said === '') return undefined;
  // With a table of values, one that is not in it says nothing.
  const meant = value.values ? (Object.hasOwn(value.values, said) ? value.values[said] : undefined) : said;
  return meant?.slice(0, MAX_VALUE);
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value === null
    ? String(value)
    : undefined;
}
