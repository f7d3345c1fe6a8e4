import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import type { Stored } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { FormSelect, FormText, SheetForm } from '../../ui/form';
import { Await, ListTable } from '../../ui/list';
import { Panel } from '../../ui/page';
import { useForm } from '../../ui/use-form';
import { useList, useQuery } from '../../ui/use-query';
import { Phone, Time } from '../../ui/values';
import { isOfField, NumberForm } from './number-form';

interface Entry extends Stored {
  readonly number: string;
  readonly source: string;
  readonly expiresAt?: number;
}

interface Check {
  readonly number: string;
  readonly hits: readonly { readonly list: string; readonly state?: string }[];
}

const SOURCES = [
  ['internal', 'Asked us not to call'],
  ['national', 'National list'],
  ['state', 'List of a state'],
  ['litigator', 'Litigator'],
] as const;
const SPECS: readonly FieldSpec[] = [
  { at: '/number', codec: text, required: 'which number?' },
  { at: '/source', codec: text, initial: 'internal' },
];

/** Numbers that must not be called: whether one is listed, and those kept one by one. */
export function DoNotCall() {
  const { api, toast } = useConsole();
  const list = useList<Entry>('/dnc');
  const mayChange = useMay('dnc:write');
  const [leaving, setLeaving] = useState<Entry>();
  const remove = async (entry: Entry): Promise<void> => {
    setLeaving(undefined);
    try {
      await api.send('DELETE', `/dnc/${encodeURIComponent(entry.id)}`, { version: entry.version });
      toast('good', 'The number may be called again, as far as this list goes');
      list.reload();
    } catch (error) {
      toast('bad', asProblem(error).message);
    }
  };
  return (
    <div class="stack">
      <div class="columns">
        <CheckNumber />
        {mayChange && <AddNumber onDone={list.reload} />}
      </div>
      <Panel title="Kept one by one" flush>
        <ListTable
          list={list}
          caption="Numbers that must not be called"
          testId="dnc"
          empty="No number is listed"
          keyOf={({ id }) => id}
          columns={[
            { key: 'number', heading: 'Number', cell: ({ number }) => <Phone number={number} /> },
            { key: 'source', heading: 'Why', cell: ({ source }) => wordsOf(source) },
            { key: 'since', heading: 'Since', cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              key: 'until',
              heading: 'Until',
              cell: ({ expiresAt }) => (expiresAt === undefined ? 'for ever' : <Time at={expiresAt} />),
            },
            ...(mayChange
              ? [
                  {
                    key: 'do',
                    heading: 'Remove',
                    cell: (entry: Entry) => (
                      <Button
                        small
                        kind="danger"
                        label={`Remove ${entry.number}`}
                        onClick={() => setLeaving(entry)}
                      >
                        Remove
                      </Button>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </Panel>
      {leaving !== undefined && (
        <ConfirmDialog
          heading="Take this number off the list?"
          confirm="Remove"
          danger
          onConfirm={() => void remove(leaving)}
          onClose={() => setLeaving(undefined)}
        >
          <p>
            <Phone number={leaving.number} /> may then be called where no other list names it. A person who
            asked not to be called must ask to be taken off.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function CheckNumber() {
  const [number, setNumber] = useState<string>();
  const asked = useQuery<Check>(number === undefined ? undefined : '/number-lists/check', { number });
  return (
    <Panel title="Is a number listed?">
      <NumberForm ask="Check" asked={asked} testId="check" onAsk={setNumber} />
      {number !== undefined && !isOfField(asked) && (
        <div role="status" data-testid="check-result">
          <Await asked={asked}>
            {({ number: read, hits }) =>
              hits.length === 0 ? (
                <p>
                  <Badge state="ok" text="Not listed" /> <Phone number={read} />
                </p>
              ) : (
                <p>
                  <Badge state="blocked" text="Listed" /> <Phone number={read} />:{' '}
                  {hits
                    .map(({ list, state }) => (state === undefined ? list : `${list} (${state})`))
                    .join(', ')}
                </p>
              )
            }
          </Await>
        </div>
      )}
    </Panel>
  );
}

function AddNumber({ onDone }: { onDone(): void }) {
  const { api, toast } = useConsole();
  const form = useForm(SPECS, () => draftOf(SPECS));
  const send = async (body: Record<string, unknown>): Promise<void> => {
    await api.post('/dnc', body);
    form.fill(draftOf(SPECS));
    toast('good', 'The number is listed');
    onDone();
  };
  return (
    <Panel title="List a number">
      <SheetForm form={form} send="List it" testId="add-dnc" onSend={send}>
        <FormText form={form} at="/number" label="Number" type="tel" />
        <FormSelect form={form} at="/source" label="Why" options={SOURCES} />
      </SheetForm>
    </Panel>
  );
}
