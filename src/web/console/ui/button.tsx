import type { ComponentChildren } from 'preact';

interface Props {
  readonly children: ComponentChildren;
  readonly kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  readonly type?: 'button' | 'submit';
  /** Id of the form that it sends, where it stands outside of it. */
  readonly form?: string;
  /** It stays where it is and can be reached, but does nothing. */
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly small?: boolean;
  readonly label?: string;
  readonly testId?: string;
  onClick?(): void;
}

export function Button(props: Props) {
  const { children, kind = 'plain', type = 'button', busy = false, disabled = false, small, label } = props;
  const idle = busy || disabled;
  return (
    <button
      type={type}
      form={props.form}
      class={`button ${kind}${small === true ? ' small' : ''}`}
      aria-disabled={idle ? 'true' : undefined}
      aria-busy={busy ? 'true' : undefined}
      aria-label={label}
      data-testid={props.testId}
      onClick={(event) => {
        if (idle) event.preventDefault();
        else props.onClick?.();
      }}
    >
      {children}
    </button>
  );
}

/** A way to another page that looks like a button. */
export function LinkButton(props: {
  readonly href: string;
  readonly kind?: 'primary' | 'plain';
  readonly children: ComponentChildren;
  readonly testId?: string;
}) {
  return (
    <a class={`button ${props.kind ?? 'plain'}`} href={props.href} data-testid={props.testId}>
      {props.children}
    </a>
  );
}
