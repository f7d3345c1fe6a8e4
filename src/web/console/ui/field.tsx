import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly value: string;
  readonly testId?: string;
  readonly required?: boolean;
  readonly disabled?: boolean;
  onInput(value: string): void;
}

interface FrameProps {
  readonly id: string;
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly error: string | undefined;
  readonly required: boolean | undefined;
  readonly children: ComponentChildren;
}

/** Label above, hint and error below, joined to the control for whoever hears the page. */
function Frame({ id, label, hint, error, required, children }: FrameProps) {
  return (
    <div class={error === undefined ? 'field' : 'field wrong'}>
      <label class="field-label" for={id}>
        {label}
        {required === true && <span class="field-required"> (required)</span>}
      </label>
      {children}
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

const describedBy = (id: string, { hint, error }: Pick<FieldProps, 'hint' | 'error'>): string | undefined =>
  [error === undefined ? '' : `${id}-error`, hint === undefined ? '' : `${id}-hint`].join(' ').trim() ||
  undefined;

interface TextProps extends FieldProps {
  readonly type?: 'text' | 'email' | 'password' | 'tel' | 'search' | 'date' | 'datetime-local';
  readonly autoComplete?: string;
  readonly inputMode?: 'text' | 'numeric' | 'decimal' | 'tel';
  /** What stands before or after the text, e.g. a currency or a unit. */
  readonly before?: string;
  readonly unit?: string;
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  /** What was typed is whole: Enter was pressed, or the field was left. */
  onCommit?(value: string): void;
}

export function TextField(props: TextProps) {
  const id = useId();
  const { label, hint, error, required, before, unit } = props;
  return (
    <Frame id={id} label={label} hint={hint} error={error} required={required}>
      <span class="control">
        {before !== undefined && <span class="affix">{before}</span>}
        <input
          id={id}
          // Its roles differ by its kind, which is known here alone.
          type={(props.type ?? 'text') as 'text'}
          value={props.value}
          autoComplete={props.autoComplete ?? 'off'}
          inputMode={props.inputMode}
          placeholder={props.placeholder}
          autoFocus={props.autoFocus}
          spellcheck={false}
          aria-describedby={describedBy(id, props)}
          aria-invalid={error === undefined ? undefined : 'true'}
          aria-required={required === true ? 'true' : undefined}
          disabled={props.disabled}
          data-testid={props.testId}
          onInput={({ currentTarget }) => props.onInput(currentTarget.value)}
          onChange={({ currentTarget }) => props.onCommit?.(currentTarget.value)}
        />
        {unit !== undefined && <span class="affix">{unit}</span>}
      </span>
    </Frame>
  );
}

interface SelectProps extends FieldProps {
  readonly options: readonly (readonly [value: string, label: string])[];
}

export function SelectField(props: SelectProps) {
  const id = useId();
  const { label, hint, error, required, options } = props;
  return (
    <Frame id={id} label={label} hint={hint} error={error} required={required}>
      <select
        id={id}
        value={props.value}
        aria-describedby={describedBy(id, props)}
        aria-invalid={error === undefined ? undefined : 'true'}
        disabled={props.disabled}
        data-testid={props.testId}
        onChange={({ currentTarget }) => props.onInput(currentTarget.value)}
      >
        {options.map(([value, shown]) => (
          <option key={value} value={value} selected={value === props.value}>
            {shown}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface AreaProps extends FieldProps {
  readonly rows?: number;
  readonly code?: boolean;
}

export function AreaField(props: AreaProps) {
  const id = useId();
  const { label, hint, error, required, rows = 4 } = props;
  return (
    <Frame id={id} label={label} hint={hint} error={error} required={required}>
      <textarea
        id={id}
        rows={rows}
        class={props.code === true ? 'code-input' : undefined}
        value={props.value}
        spellcheck={false}
        aria-describedby={describedBy(id, props)}
        aria-invalid={error === undefined ? undefined : 'true'}
        disabled={props.disabled}
        data-testid={props.testId}
        onInput={({ currentTarget }) => props.onInput(currentTarget.value)}
      />
    </Frame>
  );
}

/** Yes or no; its value is `true` or `false`. */
export function CheckField(props: FieldProps) {
  const id = useId();
  return (
    <div class={props.error === undefined ? 'field check' : 'field check wrong'}>
      <input
        id={id}
        type="checkbox"
        checked={props.value === 'true'}
        aria-describedby={describedBy(id, props)}
        disabled={props.disabled}
        data-testid={props.testId}
        onChange={({ currentTarget }) => props.onInput(currentTarget.checked ? 'true' : 'false')}
      />
      <label class="field-label" for={id}>
        {props.label}
      </label>
      {props.error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
      {props.hint !== undefined && (
        <p class="field-hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}
