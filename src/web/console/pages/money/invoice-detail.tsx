import { useConsole } from '../../console';
import { countText, wordsOf } from '../../core/format';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { Badge } from '../../ui/badge';
import { Await } from '../../ui/list';
import { Facts, Page, Panel } from '../../ui/page';
import { Table } from '../../ui/table';
import { useQuery } from '../../ui/use-query';
import { Money, Text, Time } from '../../ui/values';
import { periodText } from './invoices';
import type { IssuedInvoice } from './types';

/** One invoice or credit note: its lines, and the files as they were issued. */
export function InvoiceDetail({ params }: PageProps) {
  const { api } = useConsole();
  const number = params['id'] ?? '';
  const path = `/invoices/${encodeURIComponent(number)}`;
  const asked = useQuery<IssuedInvoice>(path);
  return (
    <Page
      title={number}
      up={{ href: hrefOf('/invoices'), label: 'Invoices' }}
      aside={typeof asked.data?.payment === 'string' && <Badge state={asked.data.payment} />}
      actions={
        <>
          <a class="button plain" href={api.urlOf(`${path}/pdf`)} download data-testid="invoice-pdf">
            PDF
          </a>
          <a class="button plain" href={api.urlOf(`${path}/csv`)} download>
            CSV
          </a>
        </>
      }
    >
      <Await asked={asked}>
        {(invoice) => (
          <>
            <Panel title={wordsOf(invoice.kind)}>
              <Facts
                facts={[
                  ['To', invoice.content.recipient.legalName],
                  ['Period', <Text>{periodText(invoice)}</Text>],
                  ['Issued', <Time at={invoice.issuedAt} />],
                  ['Due', <Time at={invoice.dueAt} />],
                  [
                    'Balance before',
                    <Money micros={invoice.content.previousBalance} currency={invoice.currency} />,
                  ],
                  [
                    'Balance after',
                    <Money micros={invoice.content.closingBalance} currency={invoice.currency} />,
                  ],
                  ['Outstanding', <Money micros={invoice.outstandingMicros} currency={invoice.currency} />],
                ]}
              />
            </Panel>
            <Panel title="Lines" flush>
              <Table
                rows={invoice.content.lines}
                caption="Lines"
                testId="invoice-lines"
                keyOf={({ no }) => String(no)}
                columns={[
                  { key: 'no', heading: 'No.', cell: ({ no }) => no },
                  { key: 'text', heading: 'What', cell: ({ text }) => text },
                  { key: 'kind', heading: 'Kind', cell: ({ kind }) => wordsOf(kind) },
                  {
                    key: 'quantity',
                    heading: 'Quantity',
                    align: 'right',
                    cell: ({ quantity }) => countText(quantity),
                  },
                  {
                    key: 'amount',
                    heading: 'Amount',
                    align: 'right',
                    cell: ({ amount }) => <Money micros={amount} currency={invoice.currency} />,
                  },
                ]}
              />
            </Panel>
          </>
        )}
      </Await>
    </Page>
  );
}
