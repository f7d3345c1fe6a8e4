/** What a text in a form stands for, or what is wrong with it. */
export type Reading<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** How a value of the API is written in a form, and read from it. */
export interface Codec<T = unknown> {
  show(value: unknown): string;
  read(text: string): Reading<T>;
}

const good = <T>(value: T): Reading<T> => ({ ok: true, value });
const bad = (message: string): { readonly ok: false; readonly message: string } => ({ ok: false, message });

export const text: Codec<string> = {
  show: (value) => (typeof value === 'string' ? value : ''),
  read: (typed) => good(typed.trim()),
};

/** As it is typed: a password may begin or end with a blank. */
export const verbatim: Codec<string> = { ...text, read: (typed) => good(typed) };

export const flag: Codec<boolean> = {
  show: (value) => (value === true ? 'true' : 'false'),
  read: (typed) => good(typed === 'true'),
};

/**
 * A decimal number that is kept as an integer of smaller units, exactly: dollars of micro-units, seconds of
 * milliseconds, per cent of basis points.
 * @param digits - of the fraction; 6 for micro-units
 */
export function scaled(digits: number, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Codec<number> {
  const pattern = digits === 0 ? /^(-?)(\d+)()$/ : new RegExp(`^(-?)(\\d*)(?:\\.(\\d{0,${digits}}))?$`);
  const show = (value: unknown): string => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return '';
    if (digits === 0) return String(value);
    const padded = String(Math.abs(value)).padStart(digits + 1, '0');
    const fraction = padded.slice(-digits).replace(/0+$/, '');
    const whole = `${value < 0 ? '-' : ''}${padded.slice(0, -digits)}`;
    return fraction === '' ? whole : `${whole}.${fraction}`;
  };
  return {
    show,
    read: (typed) => {
      const plain = typed.trim().replaceAll(',', '');
      const [, sign, whole = '', fraction = ''] = pattern.exec(plain) ?? [undefined, '', '', ''];
      if (plain === '' || (whole === '' && fraction === '')) {
        return bad(
          digits === 0 ? 'must be a whole number' : `must be a number with at most ${digits} decimals`,
        );
      }
      const value = Number(`${sign ?? ''}${whole}${fraction.padEnd(digits, '0')}`);
      if (!Number.isSafeInteger(value) || value > max) return bad(`must be at most ${show(max)}`);
      if (value < min) return bad(`must be at least ${show(min)}`);
      return good(value);
    },
  };
}

/** Micro-units, as units of the currency. */
export const money = scaled(6, { max: 1_000_000_000_000 });
export const integer = (limits: { min?: number; max?: number } = {}): Codec<number> => scaled(0, limits);
/** Milliseconds, as seconds. */
export const seconds = (limits: { min?: number; max?: number } = {}): Codec<number> => scaled(3, limits);
/** Basis points, as per cent. */
export const percent = scaled(2, { max: 10_000 });

/** A number from 0 to 1, as it is. */
export const score: Codec<number> = {
  show: (value) => (typeof value === 'number' ? String(value) : ''),
  read: (typed) => {
    const value = Number(typed);
    return typed.trim() !== '' && value >= 0 && value <= 1
      ? good(value)
      : bad('must be a number from 0 to 1');
  },
};

/** Milliseconds, as days. */
export const days = (most: number): Codec<number> => unitOf(86_400_000, most, 'days');

function unitOf(unit: number, most: number, name: string): Codec<number> {
  return {
    show: (value) => (typeof value === 'number' ? String(value / unit) : ''),
    read: (typed) => {
      const value = Number(typed);
      if (typed.trim() === '' || !Number.isFinite(value) || value < 0)
        return bad(`must be a number of ${name}`);
      return value > most ? bad(`must be at most ${most} ${name}`) : good(Math.round(value * unit));
    },
  };
}

/** Words separated by commas. */
export const words: Codec<readonly string[]> = {
  show: (value) => (Array.isArray(value) ? value.join(', ') : ''),
  read: (typed) => {
    const found = typed
      .split(/[,\n]/)
      .map((word) => word.trim())
      .filter((word) => word !== '');
    return good([...new Set(found)]);
  },
};

/** Anything, as JSON. */
export const json: Codec = {
  show: (value) => (value === undefined ? '' : JSON.stringify(value, null, 2)),
  read: (typed) => {
    try {
      return good(JSON.parse(typed) as unknown);
    } catch {
      return bad('is not JSON');
    }
  },
};

/** Tags of `name=value, name=value`; none of what cannot be read. */
export function tagsOf(typed: string): Record<string, string> {
  const read = words.read(typed);
  if (!read.ok) return {};
  return Object.fromEntries(
    read.value.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}
