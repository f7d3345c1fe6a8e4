import type { ComponentChildren } from 'preact';
import { Button } from './button';
import { AreaField, CheckField, SelectField, TextField } from './field';
import { sentence } from './states';
import type { Form } from './use-form';

interface BoundProps {
  readonly form: Form;
  /** The field's place, as its spec says it. */
  readonly at: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly disabled?: boolean;
}

const bound = ({ form, at, label, hint, disabled }: BoundProps) => ({
  label,
  hint,
  value: form.draft[at] ?? '',
  error: form.errors[at],
  required: form.specs.find((spec) => spec.at === at)?.required !== undefined,
  testId: `field${at.replaceAll('/', '-')}`,
  ...(disabled === undefined ? {} : { disabled }),
  onInput: (value: string) => form.set(at, value),
});

type TextExtras = Omit<Parameters<typeof TextField>[0], keyof ReturnType<typeof bound>>;

/** A field is shown in the forms of those alone who may say it. */
const isShown = ({ form, at }: BoundProps): boolean => form.specs.some((spec) => spec.at === at);

export function FormText(props: BoundProps & TextExtras) {
  return isShown(props) ? <TextOf {...props} /> : null;
}

function TextOf({ form, at, label, hint, disabled, ...more }: BoundProps & TextExtras) {
  return (
    <TextField
      {...bound({ form, at, label, hint, ...(disabled === undefined ? {} : { disabled }) })}
      {...more}
    />
  );
}

export function FormSelect({
  options,
  ...rest
}: BoundProps & { readonly options: readonly (readonly [string, string])[] }) {
  return isShown(rest) ? <SelectField {...bound(rest)} options={options} /> : null;
}

export function FormArea({
  rows,
  code,
  ...rest
}: BoundProps & { readonly rows?: number; readonly code?: boolean }) {
  if (!isShown(rest)) return null;
  return (
    <AreaField
      {...bound(rest)}
      {...(rows === undefined ? {} : { rows })}
      {...(code === undefined ? {} : { code })}
    />
  );
}

export function FormCheck(props: BoundProps) {
  return isShown(props) ? <CheckField {...bound(props)} required={false} /> : null;
}

/** Why a form was not taken: all that is not said at its fields. */
export function FormProblem({ form }: { readonly form: Form }) {
  const { problem, rest, errors } = form;
  const wrong = Object.keys(errors).length;
  if (problem === undefined) {
    return wrong === 0 ? null : (
      <p class="form-problem" role="alert" data-testid="form-problem">
        {wrong === 1 ? 'One field needs' : `${wrong} fields need`} your attention.
      </p>
    );
  }
  return (
    <div class="form-problem" role="alert" data-testid="form-problem" data-code={problem.code}>
      <p>{sentence(problem.message)}</p>
      {rest.length > 0 && (
        <ul>
          {rest.map(({ pointer, message }) => (
            <li key={pointer}>
              <span class="mono">{pointer}</span> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** A form in the page: its fields between what is wrong and what sends it. */
export function SheetForm(props: {
  readonly form: Form;
  /** On the button that sends it. */
  readonly send: string;
  readonly children: ComponentChildren;
  readonly testId?: string;
  /** Rejects with what is shown at the fields. */
  onSend(body: Record<string, unknown>): Promise<void>;
}) {
  const { form, send, children, testId, onSend } = props;
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit(onSend);
      }}
    >
      <FormProblem form={form} />
      {children}
      <FormFoot form={form} send={send} {...(testId === undefined ? {} : { testId })} />
    </form>
  );
}

/** What sends a form, below it. */
export function FormFoot(props: {
  readonly form: Form;
  readonly send: string;
  readonly children?: ComponentChildren;
  readonly testId?: string;
}) {
  return (
    <div class="form-foot">
      <Button type="submit" kind="primary" busy={props.form.busy} testId={props.testId ?? 'form-send'}>
        {props.send}
      </Button>
      {props.children}
    </div>
  );
}
