import { dayText, wordsOf } from '../../core/format';
import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { SelectField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { useFilter } from '../../ui/use-filter';
import { optionsOf, useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Money, Text, Time } from '../../ui/values';
import type { Invoice } from './types';

/** Invoices and credit notes, newest first. */
export function Invoices() {
  const [accountId, setAccountId] = useFilter('accountId');
  const list = useList<Invoice>('/invoices', { accountId });
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: list.items?.map(({ accountId }) => accountId) ?? [],
  });
  return (
    <Page title="Invoices">
      <Filters label="Invoices">
        <SelectField
          label="Account"
          value={accountId}
          options={optionsOf(accounts, 'All accounts')}
          onInput={setAccountId}
        />
      </Filters>
      <Panel title="Invoices and credit notes" flush>
        <ListTable
          list={list}
          caption="Invoices and credit notes"
          testId="invoices"
          empty="Nothing was issued yet"
          keyOf={({ number }) => number}
          hrefOf={({ number }) => hrefOf(`/invoices/${encodeURIComponent(number)}`)}
          columns={[
            { key: 'number', heading: 'Number', cell: ({ number }) => <span class="mono">{number}</span> },
            { key: 'kind', heading: 'Kind', cell: ({ kind }) => wordsOf(kind) },
            {
              key: 'account',
              heading: 'Account',
              cell: ({ accountId: id }) => accounts.get(id) ?? id,
            },
            { key: 'period', heading: 'Period', cell: (invoice) => <Text>{periodText(invoice)}</Text> },
            {
              key: 'payment',
              heading: 'Payment',
              cell: ({ payment }) => (payment === null ? <Text>{null}</Text> : <Badge state={payment} />),
            },
            { key: 'due', heading: 'Due', cell: ({ dueAt }) => <Time at={dueAt} /> },
            {
              key: 'charged',
              heading: 'Charged',
              align: 'right',
              cell: ({ chargedMicros, currency }) => <Money micros={chargedMicros} currency={currency} />,
            },
            {
              key: 'outstanding',
              heading: 'Outstanding',
              align: 'right',
              cell: ({ outstandingMicros, currency }) => (
                <Money micros={outstandingMicros} currency={currency} />
              ),
            },
          ]}
        />
      </Panel>
    </Page>
  );
}

/** The days from the first to the last, in the reader's zone. */
export function periodText({ periodFrom, periodTo }: Invoice): string | null {
  if (periodFrom === null || periodTo === null) return null;
  return `${dayText(periodFrom)} – ${dayText(periodTo - 1)}`;
}
