import type { ComponentChildren } from 'preact';
import { seconds, text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { FormSelect, FormText } from '../../ui/form';
import type { Form } from '../../ui/use-form';
import { RINGBACKS } from './choices';

/** How calls are delivered, as forms show it; absent is as whoever is above has it. */
export const DELIVERY_SPECS: readonly FieldSpec[] = [
  { at: '/settings/ringTimeoutMs', codec: seconds({ min: 1_000, max: 120_000 }) },
  { at: '/settings/maxDurationMs', codec: seconds({ min: 1_000 }) },
  { at: '/settings/ringback', codec: text },
];

/** How long it rings and may last, and what the caller hears meanwhile. */
export function DeliveryFields({
  form,
  children,
}: {
  readonly form: Form;
  readonly children?: ComponentChildren;
}) {
  return (
    <fieldset class="form-section">
      <legend>Delivery</legend>
      <div class="form-grid">
        <FormText
          form={form}
          at="/settings/ringTimeoutMs"
          label="Rings at most"
          unit="s"
          inputMode="decimal"
        />
        <FormText
          form={form}
          at="/settings/maxDurationMs"
          label="Longest call"
          unit="s"
          inputMode="decimal"
        />
        <FormSelect form={form} at="/settings/ringback" label="Ringback" options={RINGBACKS} />
      </div>
      {children}
    </fieldset>
  );
}
