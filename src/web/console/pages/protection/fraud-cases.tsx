import { useState } from 'preact/hooks';
import { useMay } from '../../console';
import { percentText, wordsOf } from '../../core/format';
import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { useFilter } from '../../ui/use-filter';
import { useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Id, Phone, Text, Time } from '../../ui/values';
import type { FraudCase } from './resolve-dialog';
import { ResolveDialog } from './resolve-dialog';

const STATES = [
  ['', 'All'],
  ['open', 'Open'],
  ['confirmed', 'Confirmed'],
  ['cleared', 'Cleared'],
] as const;
const TONES = { open: 'warn', confirmed: 'bad', cleared: 'good' } as const;

/** `rotated_numbers:9` as `Rotated numbers: 9`. */
const reasonText = (reason: string): string => wordsOf(reason).replace(/:(?=\S)/, ': ');

/** Calls that people should look at. */
export function FraudCases() {
  const [state, setState] = useFilter('state');
  const list = useList<FraudCase>('/fraud/cases', { state });
  const sellers = useNames('/accounts', 'accounts:read');
  const mayResolve = useMay('fraud:write');
  const [chosen, choose] = useState<FraudCase>();
  return (
    <Page title="Fraud cases">
      <Filters label="Fraud cases">
        <SelectField label="State" value={state} options={STATES} onInput={setState} testId="filter-state" />
      </Filters>
      <Panel title="Calls that were flagged, challenged or blocked" flush>
        <ListTable
          list={list}
          caption="Fraud cases"
          testId="fraud-cases"
          empty="There is no such case"
          keyOf={({ callId }) => callId}
          hrefOf={({ callId }) => hrefOf(`/calls/${encodeURIComponent(callId)}`)}
          columns={[
            { key: 'call', heading: 'Call', cell: ({ callId }) => <Id id={callId} /> },
            {
              key: 'state',
              heading: 'State',
              cell: (one) => <Badge state={one.state} tone={TONES[one.state]} />,
            },
            { key: 'level', heading: 'Verdict', cell: ({ level }) => <Badge state={level} /> },
            {
              key: 'score',
              heading: 'Score',
              align: 'right',
              sort: ({ score }) => score,
              cell: ({ score }) => percentText(score, 0),
            },
            { key: 'caller', heading: 'Caller', cell: ({ caller }) => <Phone number={caller} /> },
            {
              key: 'seller',
              heading: 'Seller',
              cell: ({ sellerId }) => (
                <Text>{sellerId === null ? null : (sellers.get(sellerId) ?? sellerId)}</Text>
              ),
            },
            {
              key: 'why',
              heading: 'Why',
              cell: ({ reasons }) => reasons.slice(0, 3).map(reasonText).join(', '),
            },
            { key: 'at', heading: 'Received', cell: ({ receivedAt }) => <Time at={receivedAt} /> },
            ...(mayResolve
              ? [
                  {
                    key: 'do',
                    heading: 'Finding',
                    cell: (one: FraudCase) => (
                      <Button
                        small
                        onClick={() => choose(one)}
                        label={`Resolve the case of call ${one.callId}`}
                      >
                        Resolve
                      </Button>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </Panel>
      {chosen !== undefined && (
        <ResolveDialog
          found={chosen}
          onClose={() => choose(undefined)}
          onDone={() => {
            choose(undefined);
            list.reload();
          }}
        />
      )}
    </Page>
  );
}
