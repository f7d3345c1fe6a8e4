import { useId } from 'preact/hooks';
import type { Form } from './use-form';

interface Props {
  readonly form: Form;
  readonly at: string;
  readonly label: string;
  readonly hint?: string;
  readonly options: readonly (readonly [value: string, label: string])[];
}

/** Several of a few: its value is their words, separated by commas. */
export function FormChoices({ form, at, label, hint, options }: Props) {
  const id = useId();
  const chosen = new Set((form.draft[at] ?? '').split(/\s*,\s*/).filter((word) => word !== ''));
  const error = form.errors[at];
  const toggle = (value: string): void => {
    if (chosen.has(value)) chosen.delete(value);
    else chosen.add(value);
    form.set(
      at,
      options
        .map(([option]) => option)
        .filter((option) => chosen.has(option))
        .join(', '),
    );
  };
  return (
    <fieldset class={error === undefined ? 'field' : 'field wrong'}>
      <legend class="field-label">{label}</legend>
      {options.map(([value, shown]) => (
        <div class="field check" key={value}>
          <input
            id={`${id}-${value}`}
            type="checkbox"
            checked={chosen.has(value)}
            onChange={() => toggle(value)}
          />
          <label class="field-label" for={`${id}-${value}`}>
            {shown}
          </label>
        </div>
      ))}
      {error !== undefined && <p class="field-error">{error}</p>}
      {hint !== undefined && <p class="field-hint">{hint}</p>}
    </fieldset>
  );
}
