import { useEffect, useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem';
import { asProblem } from '../../api/problem';
import { useConsole } from '../../console';
import { tagsOf } from '../../core/codec';
import { Button } from '../../ui/button';
import { SelectField, TextField } from '../../ui/field';
import { Panel } from '../../ui/page';
import { sentence } from '../../ui/states';
import type { SimulatedTurn } from './types';

interface Simulation {
  readonly turns: readonly SimulatedTurn[];
  readonly explored: {
    readonly entered: readonly string[];
    readonly ends: readonly string[];
    readonly whole: boolean;
  };
}

/** In words, what comes of a wait. */
const ANSWERS: Readonly<Record<string, string>> = {
  'keys:': 'No key is pressed',
  done: 'It is done',
  failed: 'It fails',
  sold: 'It is sold',
  refused: 'It is refused',
  nobody: 'Nobody takes it',
  ended: 'The buyer hangs up',
  time_up: 'Its time is up',
};
const wordsOfAnswer = (answer: string): string =>
  ANSWERS[answer] ?? (answer.startsWith('keys:') ? `${answer.slice(5)} is pressed` : answer);

/** Takes a call that there is not through the text as it stands, one answer after the other. */
export function Simulate({ yaml }: { readonly yaml: string }) {
  const { api } = useConsole();
  const [tags, setTags] = useState('');
  const [score, setScore] = useState('');
  const [attestation, setAttestation] = useState('');
  /** Undefined: no call was begun. */
  const [answers, setAnswers] = useState<readonly string[]>();
  const [found, setFound] = useState<Simulation>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);

  const run = (next: readonly string[]): void => {
    if (busy) return;
    setBusy(true);
    api
      .post<Simulation>('/dialplans/simulate', {
        ...{ yaml, answers: next, usual: false, tags: tagsOf(tags) },
        ...(score.trim() === '' ? {} : { score: Number(score.replace(',', '.')) }),
        ...(attestation === '' ? {} : { attestation }),
      })
      .then(
        (simulated) => {
          setAnswers(next);
          setFound(simulated);
          setProblem(undefined);
        },
        (error: unknown) => {
          setFound(undefined);
          setAnswers(undefined);
          setProblem(asProblem(error));
        },
      )
      .finally(() => setBusy(false));
  };
  // Another text is another call.
  useEffect(() => {
    setAnswers(undefined);
    setFound(undefined);
    setProblem(undefined);
  }, [yaml]);

  const last = found?.turns.at(-1);
  return (
    <Panel title="Try it" testId="simulate">
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          run([]);
        }}
      >
        <p class="quiet">
          Takes a call that there is not through the plan as it stands here. Nothing is saved, nobody is
          called.
        </p>
        <TextField label="Tags" placeholder="zip=10001, language=es" value={tags} onInput={setTags} />
        <TextField
          label="Fraud score"
          inputMode="decimal"
          placeholder="0 to 1"
          value={score}
          onInput={setScore}
        />
        <SelectField
          label="Attestation"
          value={attestation}
          options={[
            ['', 'None'],
            ['A', 'A'],
            ['B', 'B'],
            ['C', 'C'],
          ]}
          onInput={setAttestation}
        />
        <div class="row">
          <Button type="submit" busy={busy} testId="simulate-go">
            {answers === undefined ? 'Begin a call' : 'Begin anew'}
          </Button>
          {answers !== undefined && answers.length > 0 && (
            <Button kind="quiet" busy={busy} onClick={() => run(answers.slice(0, -1))} testId="simulate-back">
              One step back
            </Button>
          )}
        </div>
      </form>
      <div role="status" data-testid="simulate-trace">
        {problem !== undefined && (
          <p class="form-problem">{sentence(problem.errors.at(0)?.message ?? problem.message)}</p>
        )}
        {found !== undefined && (
          <ol class="plan-trace">
            {found.turns.map((turn, at) => (
              <li key={at}>
                {turn.answer !== null && <p class="quiet">{wordsOfAnswer(turn.answer)}</p>}
                <p>
                  {turn.entered.length > 0 && <span class="mono">{turn.entered.join(' → ')} </span>}
                  <strong>{sentence(turn.text)}</strong>
                </p>
                {turn.did.length > 0 && <p class="quiet">{sentence(turn.did.join(', '))}</p>}
              </li>
            ))}
          </ol>
        )}
      </div>
      {answers !== undefined && last !== undefined && last.answers.length > 0 && (
        <div class="plan-answers" role="group" aria-label="What comes of it">
          {[...last.answers, 'time_up'].map((answer) => (
            <Button
              key={answer}
              small
              busy={busy}
              onClick={() => run([...answers, answer])}
              testId={`answer-${answer}`}
            >
              {wordsOfAnswer(answer)}
            </Button>
          ))}
        </div>
      )}
      {found?.explored.whole === true && (
        <p class="quiet">
          Whatever comes of each wait, such a call ends so: {found.explored.ends.join('; ')}.
        </p>
      )}
    </Panel>
  );
}
