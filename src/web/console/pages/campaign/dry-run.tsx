import { useState } from 'preact/hooks';
import { ApiProblem, asProblem } from '../../api/problem';
import type { Decision } from '../../api/types';
import { useConsole } from '../../console';
import { tagsOf } from '../../core/codec';
import { moneyText, wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { Panel } from '../../ui/page';
import { sentence } from '../../ui/states';
import type { Form } from '../../ui/use-form';
import { optionsOf, useNames } from '../../ui/use-names';
import { TraceView } from '../call/trace-view';

interface Answer {
  readonly decision: Decision;
  readonly decisionMicroseconds: number;
}

/** In place of the id of a campaign that there is not yet. */
const NEW_ID = 'draft-campaign';

/** What would become of a call by what stands in the form, saved or not. */
export function DryRun({
  form,
  campaignId,
}: {
  readonly form: Form;
  readonly campaignId: string | undefined;
}) {
  const { api } = useConsole();
  const sellers = useNames('/accounts', 'accounts:read', { type: 'seller' });
  const trunks = useNames('/trunks', 'trunks:read');
  const buyers = useNames('/buyers', 'buyers:read');
  const [caller, setCaller] = useState('');
  const [sellerId, setSeller] = useState('');
  const [trunkId, setTrunk] = useState('');
  const [tags, setTags] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [answer, setAnswer] = useState<Answer>();
  const [whole, showWhole] = useState(false);

  const run = async (): Promise<void> => {
    if (busy) return;
    const fields = form.body();
    if (fields === undefined) {
      setProblem(new ApiProblem(0, 'draft', 'Mend the fields that are marked first.'));
      return;
    }
    const id = campaignId ?? NEW_ID;
    setBusy(true);
    setProblem(undefined);
    try {
      const answered = await api.post<Answer>('/decisions/dry-run', {
        campaignId: id,
        ...(caller.trim() === '' ? {} : { caller }),
        ...(sellerId === '' ? {} : { sellerId }),
        ...(trunkId === '' ? {} : { trunkId }),
        tags: tagsOf(tags),
        // As if it were on: a draft that is decided as one is refused, whatever else it says.
        changes: [{ entity: 'campaign', id, fields: { ...fields, status: 'active' } }],
      });
      setAnswer(answered);
    } catch (error) {
      setAnswer(undefined);
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  const errorAt = (pointer: string): string | undefined =>
    problem?.errors.find((error) => error.pointer === pointer)?.message;
  const plan = answer?.decision.plan ?? [];
  const currency = answer?.decision.terms?.currency;
  return (
    <Panel title="Try it" testId="dry-run">
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <p class="quiet">
          Decides a call that there is not, by this form as it stands, as if the campaign were active. Nothing
          is saved, nobody is rung.
        </p>
        <TextField
          label="Caller"
          type="tel"
          placeholder="+1 212 555 0123"
          value={caller}
          error={errorAt('/caller')}
          onInput={setCaller}
          testId="dry-run-caller"
        />
        <SelectField
          label="Seller"
          value={sellerId}
          options={optionsOf(sellers, campaignId === undefined ? 'Choose one' : 'That of its number')}
          error={errorAt('/sellerId')}
          onInput={setSeller}
          testId="dry-run-seller"
        />
        <SelectField
          label="Trunk"
          value={trunkId}
          options={optionsOf(trunks, 'One of which nothing is known')}
          error={errorAt('/trunkId')}
          onInput={setTrunk}
          testId="dry-run-trunk"
        />
        <TextField
          label="Tags"
          placeholder="zip=10001, language=es"
          value={tags}
          error={errorAt('/tags')}
          onInput={setTags}
        />
        <div class="row">
          <Button type="submit" busy={busy} testId="dry-run-go">
            Decide
          </Button>
          {answer && (
            <Button kind="quiet" onClick={() => showWhole(true)} testId="dry-run-whole">
              The whole decision
            </Button>
          )}
        </div>
      </form>
      <div role="status" data-testid="dry-run-answer">
        {problem !== undefined && (
          <p class="form-problem">{sentence(problem.errors.at(0)?.message ?? problem.message)}</p>
        )}
        {answer !== undefined && (
          <div class="dry-run-answer">
            <p class="row">
              <Badge
                state={answer.decision.ok ? 'ok' : 'failed'}
                tone={answer.decision.ok ? 'good' : 'bad'}
                text={answer.decision.ok ? 'Offered' : 'Refused'}
              />
              {answer.decision.ok
                ? `${plan.length} in the ring plan`
                : sentence(`${wordsOf(answer.decision.reason ?? '')}: ${answer.decision.detail ?? ''}`)}
            </p>
            <ol class="plan">
              {plan.slice(0, 8).map(({ bidId, buyerId, price }, at) => (
                <li key={bidId}>
                  <span>
                    {at + 1}. {buyers.get(buyerId) ?? buyerId}
                  </span>
                  <strong>{moneyText(price, currency)}</strong>
                </li>
              ))}
            </ol>
          </div>
        )}
      </div>
      {answer && whole && (
        <Dialog
          heading="The whole decision"
          wide
          onClose={() => showWhole(false)}
          actions={<Button onClick={() => showWhole(false)}>Close</Button>}
        >
          <TraceView decision={answer.decision} microseconds={answer.decisionMicroseconds} buyers={buyers} />
        </Dialog>
      )}
    </Panel>
  );
}
