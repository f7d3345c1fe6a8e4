import { useState } from 'preact/hooks';
import { asProblem } from '../api/problem';
import { useConsole, useMay } from '../console';
import { hrefOf } from '../core/router';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { SelectField } from '../ui/field';
import { Filters } from '../ui/filters';
import { ListTable } from '../ui/list';
import { Page, Panel } from '../ui/page';
import { sentence } from '../ui/states';
import { useFilter } from '../ui/use-filter';
import { useNames } from '../ui/use-names';
import { useList } from '../ui/use-query';
import { Id, Phone, Text, Time } from '../ui/values';

interface Callback {
  readonly id: string;
  readonly callId: string;
  readonly campaignId: string | null;
  readonly number: string;
  readonly ownNumber: boolean;
  readonly state: 'open' | 'taken' | 'done' | 'expired' | 'refused';
  readonly requestedAt: number;
  readonly notAfter: number;
  readonly takenBy: string | null;
}

const STATES = [
  ['', 'All'],
  ['open', 'Open'],
  ['taken', 'Taken'],
  ['done', 'Done'],
  ['expired', 'Expired'],
  ['refused', 'Refused'],
] as const;
const TONES = { open: 'warn', taken: 'warn', done: 'good', expired: 'bad', refused: 'bad' } as const;
/** What may be done with one, in the order in which it is done. */
const STEPS: Readonly<Record<Callback['state'], readonly (readonly [state: string, label: string])[]>> = {
  open: [
    ['taken', 'Take'],
    ['refused', 'Refuse'],
  ],
  taken: [
    ['done', 'Done'],
    ['open', 'Give back'],
  ],
  done: [],
  expired: [],
  refused: [],
};

/** People who want to be called. */
export function Callbacks() {
  const { api, toast } = useConsole();
  const [state, setState] = useFilter('state');
  const list = useList<Callback>('/callbacks', { state });
  const campaigns = useNames('/campaigns', 'campaigns:read');
  const mayChange = useMay('callbacks:write');
  const [busy, setBusy] = useState<string>();
  const change = async (id: string, to: string): Promise<void> => {
    if (busy !== undefined) return;
    setBusy(id);
    try {
      await api.send('PATCH', `/callbacks/${id}`, { body: { state: to } });
    } catch (error) {
      toast('bad', sentence(asProblem(error).message));
    } finally {
      setBusy(undefined);
      list.reload();
    }
  };
  return (
    <Page title="Callbacks">
      <Filters label="Callbacks">
        <SelectField label="State" value={state} options={STATES} onInput={setState} testId="filter-state" />
      </Filters>
      <Panel title="Who wants to be called, newest first" flush>
        <ListTable
          list={list}
          caption="Callbacks"
          testId="callbacks"
          empty="Nobody wants to be called"
          keyOf={({ id }) => id}
          hrefOf={({ callId }) => hrefOf(`/calls/${encodeURIComponent(callId)}`)}
          columns={[
            { key: 'number', heading: 'Number', cell: ({ number }) => <Phone number={number} /> },
            {
              key: 'own',
              heading: 'Whose',
              cell: ({ ownNumber }) =>
                ownNumber ? 'The number they called from' : 'Keyed in: ask who it is',
            },
            {
              key: 'state',
              heading: 'State',
              cell: (one) => <Badge state={one.state} tone={TONES[one.state]} />,
            },
            {
              key: 'campaign',
              heading: 'Campaign',
              cell: ({ campaignId }) => (
                <Text>{campaignId === null ? null : (campaigns.get(campaignId) ?? campaignId)}</Text>
              ),
            },
            { key: 'at', heading: 'Asked', cell: ({ requestedAt }) => <Time at={requestedAt} /> },
            { key: 'until', heading: 'Not after', cell: ({ notAfter }) => <Time at={notAfter} /> },
            { key: 'call', heading: 'Call', cell: ({ callId }) => <Id id={callId} /> },
            { key: 'by', heading: 'Taken by', cell: ({ takenBy }) => <Text>{takenBy}</Text> },
            ...(mayChange
              ? [
                  {
                    key: 'do',
                    heading: 'Next',
                    cell: (one: Callback) => (
                      <span class="row">
                        {STEPS[one.state].map(([to, label]) => (
                          <Button
                            key={to}
                            small
                            busy={busy === one.id}
                            label={`${label}: the callback of call ${one.callId}`}
                            onClick={() => void change(one.id, to)}
                          >
                            {label}
                          </Button>
                        ))}
                      </span>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </Panel>
    </Page>
  );
}
