import { phoneNumber } from '../../shared/format';
import { clockText, instantText, moneyText, shortId } from '../core/format';

/** Micro-units; negative ones are told apart by more than their colour. */
export function Money({
  micros,
  currency,
}: {
  readonly micros: number | string | null | undefined;
  readonly currency?: string | undefined;
}) {
  if (micros === null || micros === undefined) return <span class="quiet">–</span>;
  return <span class={Number(micros) < 0 ? 'money negative' : 'money'}>{moneyText(micros, currency)}</span>;
}

/** An instant, in the reader's zone; the exact one in UTC is told on demand. */
export function Time({
  at,
  clock = false,
}: {
  readonly at: number | string | null | undefined;
  readonly clock?: boolean;
}) {
  if (at === null || at === undefined) return <span class="quiet">–</span>;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span class="quiet">–</span>;
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {clock ? clockText(date.getTime()) : instantText(date.getTime())}
    </time>
  );
}

export function Phone({ number }: { readonly number: string | null | undefined }) {
  if (number === null || number === undefined || number === '') return <span class="quiet">withheld</span>;
  return <span class="nowrap">{phoneNumber(number)}</span>;
}

/** An id, shortened; whole for whoever points at it. */
export function Id({ id }: { readonly id: string | null | undefined }) {
  if (id === null || id === undefined) return <span class="quiet">–</span>;
  return (
    <span class="mono" title={id}>
      {shortId(id)}
    </span>
  );
}

/** Something that may not be there. */
export function Text({ children }: { readonly children: string | number | null | undefined }) {
  return children === null || children === undefined || children === '' ? (
    <span class="quiet">–</span>
  ) : (
    <>{children}</>
  );
}
