import type { Campaign } from '../api/types';
import { useConsole, useMay } from '../console';
import { wordsOf } from '../core/format';
import { hrefOf } from '../core/router';
import { Badge } from '../ui/badge';
import { LinkButton } from '../ui/button';
import { SelectField } from '../ui/field';
import { Filters } from '../ui/filters';
import { ListTable } from '../ui/list';
import { Page, Panel } from '../ui/page';
import { useList } from '../ui/use-query';
import { Money, Time } from '../ui/values';

const STATUSES = [
  ['', 'Any status'],
  ['draft', 'Draft'],
  ['active', 'Active'],
  ['paused', 'Paused'],
  ['archived', 'Archived'],
] as const;

/** What is sold. */
export function Campaigns() {
  const { place, go } = useConsole();
  const mayWrite = useMay('campaigns:write');
  const { status = '' } = place.query;
  const list = useList<Campaign>('/campaigns', { status });
  return (
    <Page
      title="Campaigns"
      actions={
        mayWrite && (
          <LinkButton kind="primary" href={hrefOf('/campaigns/new')} testId="new-campaign">
            New campaign
          </LinkButton>
        )
      }
    >
      <Filters label="Campaigns">
        <SelectField
          label="Status"
          value={status}
          options={STATUSES}
          onInput={(value) => go(hrefOf('/campaigns', { status: value }), true)}
        />
      </Filters>
      <Panel title="Campaigns" flush>
        <ListTable
          list={list}
          caption="Campaigns"
          columns={[
            { key: 'name', heading: 'Name', sort: ({ name }) => name, cell: ({ name }) => name },
            {
              key: 'status',
              heading: 'Status',
              sort: ({ status: s }) => s,
              cell: ({ status: s }) => <Badge state={s} />,
            },
            {
              key: 'routing',
              heading: 'Routing',
              sort: ({ routing }) => routing,
              cell: ({ routing }) => wordsOf(routing),
            },
            {
              key: 'auction',
              heading: 'Auction',
              sort: ({ auctionType }) => auctionType,
              cell: ({ auctionType }) => wordsOf(auctionType),
            },
            {
              key: 'reserve',
              heading: 'Reserve',
              align: 'right',
              sort: ({ reservePrice }) => reservePrice,
              cell: ({ reservePrice, currency }) => <Money micros={reservePrice} currency={currency} />,
            },
            { key: 'id', heading: 'Id', cell: ({ id }) => <span class="mono">{id}</span> },
            {
              key: 'updated',
              heading: 'Changed',
              sort: ({ updatedAt }) => updatedAt,
              cell: ({ updatedAt }) => <Time at={updatedAt} />,
            },
          ]}
          keyOf={({ id }) => id}
          hrefOf={({ id }) => hrefOf(`/campaigns/${encodeURIComponent(id)}`)}
          empty={status === '' ? 'There is no campaign yet' : 'No campaign has this status'}
          testId="campaigns"
        />
      </Panel>
    </Page>
  );
}
