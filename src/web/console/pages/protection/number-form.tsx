import { useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import type { Asked } from '../../ui/use-query';

/** Whether what is wrong is the number, which is told at its field. */
export const isOfField = ({ problem }: Pick<Asked<unknown>, 'problem'>): boolean =>
  errorOf(problem) !== undefined;

const errorOf = (problem: ApiProblem | undefined): string | undefined =>
  problem?.errors.find(({ pointer }) => pointer === '/number')?.message;

/** Asks about a number, in whatever way it is written. What is wrong with it is told at its field. */
export function NumberForm<T>({
  ask,
  asked,
  testId,
  onAsk,
}: {
  /** On the button. */
  readonly ask: string;
  /** What it came to. */
  readonly asked: Asked<T>;
  readonly testId: string;
  onAsk(number: string): void;
}) {
  const [typed, setTyped] = useState('');
  const [missing, setMissing] = useState(false);
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const number = typed.trim();
        setMissing(number === '');
        if (number !== '') onAsk(number);
      }}
    >
      <TextField
        label="Number"
        type="tel"
        value={typed}
        error={missing ? 'which number?' : errorOf(asked.problem)}
        onInput={setTyped}
        testId={`${testId}-number`}
      />
      <Button type="submit" busy={asked.loading} testId={testId}>
        {ask}
      </Button>
    </form>
  );
}
