import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import { useConsole } from '../../console';
import { sentence } from '../../ui/states';
import type { PlanProblem } from './types';
import { nameIn } from './types';

/** Typing must rest so long before the text is looked at. */
const REST_MS = 600;

export interface CheckedText {
  /** Undefined until the text as it stands was looked at. */
  readonly problems: readonly PlanProblem[] | undefined;
  /** Why it could not be looked at. */
  readonly failed: string | undefined;
}

/**
 * What is wrong with a text, looked at whenever typing rests.
 * @param name - as it is kept; undefined of a new one
 */
export function useCheck(yaml: string, name: string | undefined, accountId: string | undefined): CheckedText {
  const { api } = useConsole();
  const [state, setState] = useState<{ yaml: string; problems?: readonly PlanProblem[]; failed?: string }>();
  useEffect(() => {
    if (yaml.trim() === '') return;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      const body = { yaml, name: name ?? nameIn(yaml), accountId };
      api
        .post<{ problems: readonly PlanProblem[] }>('/dialplans/check', body, { signal: abort.signal })
        .then(({ problems }) => setState({ yaml, problems }))
        .catch((error: unknown) => {
          const problem = asProblem(error);
          if (problem.code === 'aborted') return;
          setState({ yaml, failed: problem.errors.at(0)?.message ?? problem.message });
        });
    }, REST_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [api, yaml, name, accountId]);
  const fresh = state?.yaml === yaml ? state : undefined;
  return { problems: fresh?.problems, failed: fresh?.failed };
}

/** The text of a plan, and what is wrong with it: each leads to its line. */
export function PlanText({
  yaml,
  checked,
  readOnly,
  onInput,
}: {
  readonly yaml: string;
  readonly checked: CheckedText;
  readonly readOnly: boolean;
  onInput(yaml: string): void;
}) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const { problems, failed } = checked;
  const errors = problems?.filter(({ severity }) => severity === 'error').length ?? 0;
  const goTo = ({ line, column }: PlanProblem): void => {
    const element = area.current;
    if (!element) return;
    const lines = yaml.split('\n');
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const from = start + Math.min(column - 1, lines[line - 1]?.length ?? 0);
    element.focus();
    element.setSelectionRange(from, start + (lines[line - 1]?.length ?? 0));
    const { lineHeight } = getComputedStyle(element);
    element.scrollTop = Math.max(0, (line - 5) * (Number.parseFloat(lineHeight) || 18));
  };
  return (
    <div class="field">
      <label class="field-label" for={id}>
        Plan
      </label>
      <textarea
        ref={area}
        id={id}
        class="code-input plan-text"
        rows={28}
        wrap="off"
        spellcheck={false}
        autocapitalize="off"
        readOnly={readOnly}
        value={yaml}
        aria-describedby={`${id}-hint ${id}-wrong`}
        aria-invalid={errors > 0 ? 'true' : undefined}
        data-testid="plan-text"
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <p class="field-hint" id={`${id}-hint`}>
        YAML, 64 KiB at most. Tab leaves the field.
      </p>
      <div id={`${id}-wrong`} role="status" data-testid="plan-problems">
        {failed !== undefined ? (
          <p class="field-error">{sentence(`It could not be checked: ${failed}`)}</p>
        ) : problems === undefined ? (
          <p class="quiet">Checking…</p>
        ) : problems.length === 0 ? (
          <p class="quiet">Nothing is wrong with it.</p>
        ) : (
          <ul class="plan-problems">
            {problems.map((problem) => (
              <li key={`${problem.line}:${problem.column}:${problem.reason}`}>
                <button type="button" class="link-button" onClick={() => goTo(problem)}>
                  {problem.line}:{problem.column}
                </button>{' '}
                <span class={problem.severity === 'error' ? 'wrong-text' : undefined}>
                  {problem.severity === 'warning' && 'Warning: '}
                  {problem.reason}
                </span>
                {problem.path !== '' && <span class="quiet mono"> {problem.path}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
