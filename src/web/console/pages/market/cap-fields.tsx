import { integer, money, seconds } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { FormText } from '../../ui/form';
import type { Form } from '../../ui/use-form';

const MOST = 1_000_000;
const count = integer({ max: MOST });

/** Limits as forms show them; absent is no limit. */
export const CAP_SPECS: readonly FieldSpec[] = [
  { at: '/caps/concurrent', codec: count, standing: true },
  { at: '/caps/connections/hour', codec: count, standing: true },
  { at: '/caps/connections/day', codec: count, standing: true },
  { at: '/caps/connections/month', codec: count, standing: true },
  { at: '/caps/revenue/day', codec: money, standing: true },
  { at: '/caps/spacingMs', codec: seconds({ max: 86_400_000 }), standing: true },
];

/** The most that is taken: empty fields are no limit. */
export function CapFields({ form }: { readonly form: Form }) {
  return (
    <fieldset class="form-section">
      <legend>Limits</legend>
      <p class="quiet">An empty field is no limit. Hours, days and months are those of the account’s zone.</p>
      <div class="form-grid">
        <FormText form={form} at="/caps/concurrent" label="Calls at once" inputMode="numeric" />
        <FormText form={form} at="/caps/connections/hour" label="Answered in an hour" inputMode="numeric" />
        <FormText form={form} at="/caps/connections/day" label="Answered in a day" inputMode="numeric" />
        <FormText form={form} at="/caps/connections/month" label="Answered in a month" inputMode="numeric" />
        <FormText form={form} at="/caps/revenue/day" label="Spent in a day" inputMode="decimal" />
        <FormText
          form={form}
          at="/caps/spacingMs"
          label="From one call to the next"
          unit="s"
          inputMode="decimal"
        />
      </div>
    </fieldset>
  );
}
