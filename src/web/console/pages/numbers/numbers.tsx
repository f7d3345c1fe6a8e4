import { useState } from 'preact/hooks';
import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { Button, LinkButton } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ImportDialog } from '../../ui/import-dialog';
import { ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { SearchField } from '../../ui/search-field';
import { optionsOf, useNames } from '../../ui/use-names';
import { useFilter } from '../../ui/use-filter';
import { useList } from '../../ui/use-query';
import { Phone, Time } from '../../ui/values';
import { usePlanNames } from '../dialplans/use-plan-names';
import type { DidNumber } from './types';
import { NUMBER_STATUSES } from './types';

/** What is dialled: whose calls come by it, for which campaign, and what its callers hear. */
export function Numbers() {
  const { api, user } = useConsole();
  const operator = isOperator(user);
  const mayWrite = useMay('numbers:write');
  const [q, setQ] = useFilter('q');
  const [campaignId, setCampaign] = useFilter('campaignId');
  const [sellerId, setSeller] = useFilter('sellerId');
  const [status, setStatus] = useFilter('status');
  const [dialplan, setDialplan] = useFilter('dialplan');
  const [importing, setImporting] = useState(false);
  const wanted = { q: digitsOf(q), campaignId, sellerId, status, dialplan };
  const list = useList<DidNumber>('/numbers', { ...wanted, sort: 'number' });
  const campaigns = useNames('/campaigns', 'campaigns:read', {
    wanted: list.items?.map((number) => number.campaignId) ?? [],
  });
  const sellers = useNames('/accounts', 'accounts:read', { type: 'seller' });
  const known = usePlanNames(sellerId === '' ? undefined : sellerId);
  const plans = dialplan === '' || known.includes(dialplan) ? known : [...known, dialplan].sort();
  const isNarrowed = Object.values(wanted).some((value) => value !== '');
  return (
    <Page
      title="Numbers"
      actions={
        <>
          <a
            class="button plain"
            href={api.urlOf('/numbers/export', { ...wanted, sort: 'number' })}
            download="numbers.csv"
            data-testid="export"
          >
            Export CSV
          </a>
          {mayWrite && (
            <>
              <Button onClick={() => setImporting(true)} testId="import">
                Import CSV
              </Button>
              <LinkButton
                kind="primary"
                href={hrefOf('/numbers/new', { campaign: campaignId, dialplan })}
                testId="new-number"
              >
                New number
              </LinkButton>
            </>
          )}
        </>
      }
    >
      <Filters label="Numbers">
        <SearchField label="Number begins with" type="tel" value={q} onSearch={setQ} testId="filter-q" />
        <SelectField
          label="Status"
          value={status}
          options={[['', 'Any status'], ...NUMBER_STATUSES]}
          onInput={setStatus}
          testId="filter-status"
        />
        {campaigns.size > 0 && (
          <SelectField
            label="Campaign"
            value={campaignId}
            options={optionsOf(campaigns, 'All campaigns')}
            onInput={setCampaign}
            testId="filter-campaign"
          />
        )}
        {operator && sellers.size > 0 && (
          <SelectField
            label="Seller"
            value={sellerId}
            options={optionsOf(sellers, 'All sellers')}
            onInput={setSeller}
          />
        )}
        {plans.length > 0 && (
          <SelectField
            label="Dialplan"
            value={dialplan}
            options={[['', 'Any dialplan'], ...plans.map((name) => [name, name] as const)]}
            onInput={setDialplan}
            testId="filter-dialplan"
          />
        )}
      </Filters>
      <Panel title="Numbers" flush>
        <ListTable
          list={list}
          caption="Numbers"
          testId="numbers"
          empty={isNarrowed ? 'No number fits' : 'There is no number yet'}
          keyOf={({ id }) => id}
          hrefOf={({ id }) => hrefOf(`/numbers/${encodeURIComponent(id)}`)}
          columns={[
            {
              key: 'number',
              heading: 'Number',
              sort: ({ number }) => number,
              cell: ({ number }) => <Phone number={number} />,
            },
            { key: 'status', heading: 'Status', cell: (number) => <Badge state={number.status} /> },
            {
              key: 'campaign',
              heading: 'Campaign',
              sort: (number) => campaigns.get(number.campaignId) ?? number.campaignId,
              cell: (number) => campaigns.get(number.campaignId) ?? number.campaignId,
            },
            {
              key: 'dialplan',
              heading: 'Dialplan',
              sort: (number) => number.dialplan ?? '',
              cell: (number) => number.dialplan ?? <span class="quiet">its campaign’s</span>,
            },
            ...(operator
              ? [
                  {
                    key: 'seller',
                    heading: 'Seller',
                    cell: (number: DidNumber) => sellers.get(number.sellerId) ?? number.sellerId,
                  },
                ]
              : []),
            {
              key: 'updated',
              heading: 'Changed',
              sort: ({ updatedAt }) => updatedAt,
              cell: ({ updatedAt }) => <Time at={updatedAt} />,
            },
          ]}
        />
      </Panel>
      {importing && (
        <ImportDialog
          what="numbers"
          path="/numbers/import"
          columns="number, campaignId, sellerId and id; status and dialplan where they are wanted"
          onDone={list.reload}
          onClose={() => setImporting(false)}
        />
      )}
    </Page>
  );
}

/** As people write numbers, so that the beginning of one is found: `(833) 555` as `+1833555`. */
function digitsOf(typed: string): string {
  const digits = typed.replace(/[^\d+]/g, '');
  if (digits === '' || digits.startsWith('+')) return digits;
  return digits.startsWith('1') ? `+${digits}` : `+1${digits}`;
}
