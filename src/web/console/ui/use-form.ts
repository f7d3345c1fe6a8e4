import { useCallback, useRef, useState } from 'preact/hooks';
import type { ApiProblem, FieldError } from '../api/problem';
import { asProblem } from '../api/problem';
import type { Draft, Errors, FieldSpec } from '../core/draft';
import { bodyOf, placeErrors } from '../core/draft';

export interface Form {
  readonly specs: readonly FieldSpec[];
  readonly draft: Draft;
  readonly errors: Errors;
  /** Whether what it says is being sent. */
  readonly busy: boolean;
  /** Why it was not taken, where that is more than its fields say. */
  readonly problem: ApiProblem | undefined;
  /** Mistakes that belong to none of its fields. */
  readonly rest: readonly FieldError[];
  /** Whether something was typed since it was filled. */
  readonly changed: boolean;
  set(at: string, text: string): void;
  fill(draft: Draft): void;
  /** What it says; undefined, and shown at the fields, when something is wrong. */
  body(): Record<string, unknown> | undefined;
  /** Sends what it says, once at a time, and shows at the fields what the exchange does not take. */
  submit(send: (body: Record<string, unknown>) => Promise<void>): Promise<void>;
}

/** A form: what stands in its fields, what is wrong with them, and how it is sent. */
export function useForm(specs: readonly FieldSpec[], initial: () => Draft): Form {
  const [state, setState] = useState<{ draft: Draft; changed: boolean }>(() => ({
    draft: initial(),
    changed: false,
  }));
  const [errors, setErrors] = useState<Errors>({});
  const [failed, setFailed] = useState<{ problem: ApiProblem; rest: readonly FieldError[] }>();
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const { draft, changed } = state;

  const body = (): Record<string, unknown> | undefined => {
    const said = bodyOf(specs, draft);
    setErrors(said.ok ? {} : said.errors);
    if (said.ok) return said.body;
    focusFirstError();
    return undefined;
  };
  return {
    specs,
    draft,
    errors,
    busy,
    changed,
    problem: failed?.problem,
    rest: failed?.rest ?? [],
    set: useCallback((at: string, text: string) => {
      setState((before) => ({ draft: { ...before.draft, [at]: text }, changed: true }));
      setErrors(({ [at]: _mended, ...others }) => others);
    }, []),
    fill: useCallback((next: Draft) => {
      setState({ draft: next, changed: false });
      setErrors({});
      setFailed(undefined);
    }, []),
    body,
    submit: async (send) => {
      if (sending.current) return;
      const said = body();
      if (said === undefined) return;
      sending.current = true;
      setBusy(true);
      setFailed(undefined);
      try {
        await send(said);
        setState((before) => ({ ...before, changed: false }));
      } catch (error) {
        const problem = asProblem(error);
        const { placed, rest } = placeErrors(specs, problem.errors);
        setErrors(placed);
        setFailed({ problem, rest });
        focusFirstError();
      } finally {
        sending.current = false;
        setBusy(false);
      }
    },
  };
}

/** Once it is shown which fields are wrong, the first of them is where somebody goes on, unless they do already. */
function focusFirstError(): void {
  const typing = new AbortController();
  document.addEventListener('input', () => typing.abort(), { capture: true, signal: typing.signal });
  requestAnimationFrame(() => {
    requestAnimationFrame(() => {
      if (typing.signal.aborted) return;
      typing.abort();
      document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  });
}
