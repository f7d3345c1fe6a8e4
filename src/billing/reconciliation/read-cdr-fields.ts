import type { Micros } from '../../domain';
import { micros, parsePhoneNumber, zoneOf } from '../../domain';
import type { CdrProfile } from './cdr-profile';

/** A field as it is read, or what is wrong with it. */
export type Field<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

const read = <T>(value: T): Field<T> => ({ ok: true, value });
const wrong = (why: string): Field<never> => ({ ok: false, why });

/** No switch that we reconcile with is older, and none is from the future. */
const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2100, 0, 1);
const MAX_DURATION_MS = 7 * 86_400_000;
const MAX_COST = 1_000_000_000_000;

/** Reads times as a profile writes them; UTC epoch milliseconds. */
export function timeReader({ timeFormat, timezone }: CdrProfile): (text: string) => Field<number> {
  if (timeFormat === 'epoch_s' || timeFormat === 'epoch_ms') {
    const unit = timeFormat === 'epoch_s' ? 1_000 : 1;
    return (text) =>
      /^\d{1,16}(\.\d{1,9})?$/.test(text)
        ? plausible(Math.round(Number(text) * unit))
        : wrong('is no number of a time');
  }
  if (timeFormat === 'iso') {
    const [here, there] = [timezone, 'UTC'].map((zone) => patternReader('YYYY-MM-DDTHH:mm:ss', zone)) as [
      (text: string) => Field<number>,
      (text: string) => Field<number>,
    ];
    return (text) => {
      const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
      if (!match) return wrong('is no time such as 2026-11-21T12:00:00Z');
      const [, day, clock = '', fraction = '', offset] = match;
      const whole = `${day}T${clock.length === 5 ? `${clock}:00` : clock}`;
      const wall = (offset === undefined ? here : there)(whole);
      if (!wall.ok) return wall;
      return plausible(wall.value - offsetOf(offset) + Math.floor(Number(`0${fraction ?? '.0'}`) * 1_000));
    };
  }
  return patternReader(timeFormat, timezone);
}

/** Milliseconds that `+05:30` is ahead of UTC. */
function offsetOf(offset = 'Z'): number {
  if (offset === 'Z') return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '(?<YYYY>\\d{4})',
  MM: '(?<MM>\\d{1,2})',
  DD: '(?<DD>\\d{1,2})',
  HH: '(?<HH>\\d{1,2})',
  mm: '(?<mm>\\d{2})',
  ss: '(?<ss>\\d{2})',
  SSS: '(?<SSS>\\d{3})',
};

/** @throws RangeError when the pattern does not say a day and a time */
function patternReader(pattern: string, timezone: string): (text: string) => Field<number> {
  const source = pattern.replace(
    /YYYY|MM|DD|HH|mm|SSS|ss|[.*+?^${}()|[\]\\]/g,
    (found) => TOKENS[found] ?? `\\${found}`,
  );
  for (const token of ['YYYY', 'MM', 'DD', 'HH', 'mm']) {
    if (!pattern.includes(token)) throw new RangeError(`the format of times lacks ${token}`);
  }
  const expression = new RegExp(`^${source}$`);
  const zone = zoneOf(timezone);
  return (text) => {
    const parts = expression.exec(text)?.groups;
    if (!parts) return wrong(`is no time like ${pattern}`);
    const part = (name: string): number => Number(parts[name] ?? 0);
    const [month, day, hour, minute, second] = [part('MM'), part('DD'), part('HH'), part('mm'), part('ss')];
    const wall = Date.UTC(part('YYYY'), month - 1, day, hour, minute, second, part('SSS'));
    const written = new Date(wall);
    const exists =
      written.getUTCMonth() === month - 1 &&
      written.getUTCDate() === day &&
      hour < 24 &&
      minute < 60 &&
      second < 60;
    return exists ? plausible(zone.instantOf(wall)) : wrong('is no time that there is');
  };
}

function plausible(at: number): Field<number> {
  return at >= FIRST && at < LAST ? read(at) : wrong('is not of this century');
}

/** Reads durations; milliseconds. */
export function durationReader({ durationUnit, decimalComma }: CdrProfile): (text: string) => Field<number> {
  return (text) => {
    let duration: number;
    if (durationUnit === 'hms') {
      const match = /^(\d{1,4}):(\d\d):(\d\d)$/.exec(text);
      if (!match || Number(match[2]) > 59 || Number(match[3]) > 59)
        return wrong('is no duration like 0:05:30');
      duration = (Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3])) * 1_000;
    } else {
      const number = decimalComma ? text.replace(',', '.') : text;
      if (!/^\d{1,12}(\.\d{1,9})?$/.test(number)) return wrong('is no duration of 0 or more');
      duration = Math.round(Number(number) * (durationUnit === 's' ? 1_000 : 1));
    }
    return duration <= MAX_DURATION_MS ? read(duration) : wrong('is longer than a week');
  };
}

/** Reads amounts; micro-units, what is finer rounded half away from zero. */
export function costReader({ decimalComma }: CdrProfile): (text: string) => Field<Micros> {
  return (text) => {
    const match = /^(\d{1,9})(?:\.(\d{1,12}))?$/.exec(decimalComma ? text.replace(',', '.') : text);
    if (!match) return wrong(`is no amount like ${decimalComma ? '0,125' : '0.125'}`);
    const fraction = (match[2] ?? '').padEnd(12, '0');
    const amount = BigInt(match[1] ?? '0') * 1_000_000n + (BigInt(fraction) + 500_000n) / 1_000_000n;
    return amount <= MAX_COST ? read(micros(Number(amount))) : wrong('is more than a million');
  };
}

/** A number in E.164 where it can be read as one, else its digits; nothing of a caller that is withheld. */
export function readNumber(text: string): string | null {
  const parsed = parsePhoneNumber(text);
  if (parsed.ok) return parsed.number;
  const digits = text.replace(/\D/g, '');
  return digits === '' ? null : digits;
}
