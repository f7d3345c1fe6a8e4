import type { Query } from '../api/client';
import type { Call, Role } from '../api/types';
import { CALL_STATES } from '../api/types';
import { useConsole } from '../console';
import { durationText, wordsOf } from '../core/format';
import { hrefOf } from '../core/router';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/field';
import { SearchField } from '../ui/search-field';
import { Filters } from '../ui/filters';
import { ListTable } from '../ui/list';
import { Page, Panel } from '../ui/page';
import type { Column } from '../ui/table';
import type { Names } from '../ui/use-names';
import { optionsOf, useNames } from '../ui/use-names';
import { useList } from '../ui/use-query';
import { Phone, Text, Time } from '../ui/values';

const STATES = [['', 'Any state'], ...CALL_STATES.map((state) => [state, wordsOf(state)] as const)] as const;

/** What parties are not told of a call. */
const UNTOLD: Readonly<Partial<Record<Role, readonly string[]>>> = {
  buyer: ['to'],
  seller: ['buyer'],
  carrier: ['campaign', 'buyer', 'reason'],
};

/** The columns of calls, as somebody's role is told of them. */
function callColumns(campaigns: Names, buyers: Names, role: Role): readonly Column<Call>[] {
  const named = (names: Names, id: string | null | undefined): string | undefined =>
    id === null || id === undefined ? undefined : (names.get(id) ?? id);
  const columns: readonly Column<Call>[] = [
    {
      key: 'receivedAt',
      heading: 'Received',
      sort: ({ receivedAt }) => receivedAt,
      cell: ({ receivedAt }) => <Time at={receivedAt} />,
    },
    { key: 'from', heading: 'Caller', sort: ({ from }) => from, cell: ({ from }) => <Phone number={from} /> },
    { key: 'to', heading: 'Dialled', sort: ({ to }) => to, cell: ({ to }) => <Phone number={to} /> },
    {
      key: 'state',
      heading: 'State',
      sort: ({ state }) => state,
      cell: ({ state }) => <Badge state={state} />,
    },
    {
      key: 'reason',
      heading: 'Ended by',
      sort: ({ endReason }) => endReason,
      cell: ({ endReason }) => <Text>{endReason && wordsOf(endReason)}</Text>,
    },
    {
      key: 'campaign',
      heading: 'Campaign',
      sort: ({ campaignId }) => named(campaigns, campaignId),
      cell: ({ campaignId }) => <Text>{named(campaigns, campaignId)}</Text>,
    },
    {
      key: 'buyer',
      heading: 'Buyer',
      sort: ({ buyerId }) => named(buyers, buyerId),
      cell: ({ buyerId }) => <Text>{named(buyers, buyerId)}</Text>,
    },
    {
      key: 'connected',
      heading: 'Connected',
      align: 'right',
      sort: ({ connectedMs }) => connectedMs,
      cell: ({ connectedMs }) => (connectedMs > 0 ? durationText(connectedMs) : <Text>{null}</Text>),
    },
  ];
  return columns.filter(({ key }) => !(UNTOLD[role] ?? []).includes(key));
}

/** Past and present calls; what is looked for stands in the address, so that it can be sent to somebody. */
export function Calls() {
  const { user, place, go } = useConsole();
  const {
    state = '',
    campaignId = '',
    buyerId = '',
    caller = '',
    dialled = '',
    from = '',
    to = '',
  } = place.query;
  const set = (name: string, value: string): void =>
    go(hrefOf('/calls', { ...place.query, [name]: value }), true);
  const query: Query = {
    state,
    campaignId,
    buyerId,
    from: caller,
    to: dialled,
    fromTime: instantOf(from),
    toTime: instantOf(to),
  };
  const list = useList<Call>('/calls', query);
  const campaigns = useNames('/campaigns', 'campaigns:read', {
    wanted: list.items?.map((call) => call.campaignId) ?? [],
  });
  const buyers = useNames('/buyers', 'buyers:read', {
    wanted: list.items?.map((call) => call.buyerId) ?? [],
  });
  const wrong = (pointer: string): string | undefined =>
    list.problem?.errors.find((error) => error.pointer === pointer)?.message;
  const isNarrowed = Object.values(query).some((value) => value !== undefined && value !== '');
  return (
    <Page title="Calls" actions={<Button onClick={list.reload}>Refresh</Button>}>
      <Filters label="Calls">
        <SearchField
          label="Caller"
          type="tel"
          value={caller}
          error={wrong('/from')}
          onSearch={(value) => set('caller', value)}
          testId="filter-caller"
        />
        {!(UNTOLD[user.role] ?? []).includes('to') && (
          <SearchField
            label="Dialled"
            type="tel"
            value={dialled}
            error={wrong('/to')}
            onSearch={(value) => set('dialled', value)}
            testId="filter-dialled"
          />
        )}
        <SelectField
          label="State"
          value={state}
          options={STATES}
          onInput={(value) => set('state', value)}
          testId="filter-state"
        />
        {campaigns.size > 0 && (
          <SelectField
            label="Campaign"
            value={campaignId}
            options={optionsOf(campaigns, 'Any campaign')}
            onInput={(value) => set('campaignId', value)}
          />
        )}
        {buyers.size > 0 && (
          <SelectField
            label="Buyer"
            value={buyerId}
            options={optionsOf(buyers, 'Any buyer')}
            onInput={(value) => set('buyerId', value)}
          />
        )}
        <TextField label="From" type="datetime-local" value={from} onInput={(value) => set('from', value)} />
        <TextField label="Until" type="datetime-local" value={to} onInput={(value) => set('to', value)} />
        {isNarrowed && (
          <Button kind="quiet" onClick={() => go(hrefOf('/calls'), true)}>
            Clear
          </Button>
        )}
      </Filters>
      <Panel title="Calls, newest first" flush>
        <ListTable
          list={list}
          caption="Calls"
          columns={callColumns(campaigns, buyers, user.role)}
          keyOf={({ id }) => id}
          hrefOf={({ id }) => hrefOf(`/calls/${encodeURIComponent(id)}`)}
          empty={isNarrowed ? 'No call is like that' : 'There was no call yet'}
          testId="calls"
        />
      </Panel>
    </Page>
  );
}

/** What a field for a date and time holds, in the reader's zone. */
function instantOf(text: string): number | undefined {
  const at = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isNaN(at) ? undefined : at;
}
