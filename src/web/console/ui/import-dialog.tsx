import { useId, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from '../api/problem';
import { asProblem } from '../api/problem';
import { useConsole } from '../console';
import { Button } from './button';
import { Dialog } from './dialog';
import { SelectField } from './field';
import { sentence } from './states';

interface Props {
  /** Of what there are many, e.g. `numbers`. */
  readonly what: string;
  readonly path: string;
  /** Which columns the file needs, in words. */
  readonly columns: string;
  /** Something was imported. */
  onDone(): void;
  onClose(): void;
}

interface Outcome {
  readonly dryRun: boolean;
  readonly rows: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** A large file is not in within the time of other requests. */
const IMPORT_MS = 120_000;

/** Takes a CSV file: all of it or nothing, and beforehand what would become of it. */
export function ImportDialog({ what, path, columns, onDone, onClose }: Props) {
  const { api, toast } = useConsole();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [mode, setMode] = useState('create');
  const [busy, setBusy] = useState(false);
  const [missing, setMissing] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [problem, setProblem] = useState<ApiProblem>();
  const forget = (): void => {
    setOutcome(undefined);
    setProblem(undefined);
    setMissing(false);
  };
  const send = async (dryRun: boolean): Promise<void> => {
    const file = input.current?.files?.[0];
    if (busy) return;
    forget();
    if (file === undefined) {
      setMissing(true);
      input.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const csv = await file.text();
      const took = await api.send<Outcome>('POST', path, {
        query: { mode, dryRun },
        csv,
        waitMs: IMPORT_MS,
      });
      if (dryRun) return setOutcome(took);
      toast('good', `${outcomeText(took)}.`);
      onDone();
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      heading={`Import ${what}`}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={busy} onClick={() => void send(true)} testId="import-try">
            Try it
          </Button>
          <Button kind="primary" busy={busy} onClick={() => void send(false)} testId="dialog-confirm">
            Import
          </Button>
        </>
      }
    >
      <p>A CSV file as the export is one, with the columns {columns}. All of it is taken, or nothing.</p>
      <div class={missing ? 'field wrong' : 'field'}>
        <label class="field-label" for={id}>
          File<span class="field-required"> (required)</span>
        </label>
        <input
          id={id}
          ref={input}
          type="file"
          accept=".csv,text/csv"
          aria-required="true"
          aria-invalid={missing ? 'true' : undefined}
          aria-describedby={missing ? `${id}-error` : undefined}
          data-testid="import-file"
          onChange={forget}
        />
        {missing && (
          <p class="field-error" id={`${id}-error`}>
            choose a file
          </p>
        )}
      </div>
      <SelectField
        label={`Of ${what} that are there already`}
        value={mode}
        options={[
          ['create', 'Take none: refuse the file'],
          ['upsert', 'Change them as the file says'],
        ]}
        onInput={(value) => {
          forget();
          setMode(value);
        }}
        testId="import-mode"
      />
      <div role="status" data-testid="import-outcome">
        {outcome && <p>{`It could be imported: ${outcomeText(outcome)}.`}</p>}
      </div>
      {problem && (
        <div class="form-problem" role="alert" data-testid="import-problem">
          <p>{sentence(problem.message)}</p>
          {problem.errors.length > 0 && (
            <ul class="import-errors" tabIndex={0} aria-label="What is wrong with the file">
              {problem.errors.map(({ pointer, message }, at) => (
                <li key={`${at} ${pointer}`}>{message}</li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Dialog>
  );
}

function outcomeText({ rows, created, updated, unchanged }: Outcome): string {
  const lines = rows === 1 ? '1 line' : `${rows} lines`;
  return `${lines}: ${created} new, ${updated} changed, ${unchanged} as they were`;
}
