import { useMemo } from 'preact/hooks';
import { useConsole } from '../console';
import { countText, durationText, percentText, shortMoney, wordsOf } from '../core/format';
import type { FigureRow, Report } from '../core/revenue';
import { callSeries, currenciesOf, moneySeries, totalOf } from '../core/revenue';
import { hrefOf } from '../core/router';
import { Button } from '../ui/button';
import { Chart } from '../ui/chart';
import { SelectField } from '../ui/field';
import { Await } from '../ui/list';
import { Page, Panel, Stat } from '../ui/page';
import { Empty } from '../ui/states';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { optionsOf, useNames } from '../ui/use-names';
import { useQuery } from '../ui/use-query';
import { Money, Text } from '../ui/values';

const DAY_MS = 86_400_000;
const SPANS = [
  ['1', 'Last 24 hours'],
  ['7', 'Last 7 days'],
  ['30', 'Last 30 days'],
  ['90', 'Last 90 days'],
  ['365', 'Last 365 days'],
] as const;
const GROUPS = [
  ['campaign', 'Campaign'],
  ['buyer', 'Buyer'],
  ['seller', 'Seller'],
  ['trunk', 'Trunk'],
  ['state', 'State of the caller'],
  ['hour', 'Hour of the day'],
] as const;
/** A round instant, so that who looks again within it asks for the same. */
const ROUND_MS = 60_000;

/** What was earned: over time, and by campaign, buyer and so on. */
export function Revenue() {
  const { api, place, go } = useConsole();
  const campaigns = useNames('/campaigns', 'campaigns:read');
  const buyers = useNames('/buyers', 'buyers:read');
  const sellers = useNames('/sellers', 'sellers:read');
  const trunks = useNames('/trunks', 'trunks:read');
  const { days = '7', groupBy = 'campaign', campaignId = '', buyerId = '' } = place.query;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const range = useMemo(() => {
    const to = Math.ceil(Date.now() / ROUND_MS) * ROUND_MS;
    return { from: to - Number(days) * DAY_MS, to };
  }, [days]);
  const common = { ...range, zone, campaignId, buyerId };
  const overTime = { ...common, bucket: Number(days) <= 2 ? 'hour' : 'day' };
  const byKey = { ...common, bucket: 'total', groupBy };
  const lines = useQuery<Report>('/analytics/calls', overTime);
  const groups = useQuery<Report>('/analytics/calls', byKey);
  const set = (name: string, value: string): void =>
    go(hrefOf('/revenue', { ...place.query, [name]: value }), true);
  const names = { campaign: campaigns, buyer: buyers, seller: sellers, trunk: trunks }[groupBy];
  return (
    <Page
      title="Revenue"
      actions={
        <>
          <a
            class="button plain"
            href={api.urlOf('/analytics/calls', { ...byKey, format: 'csv' })}
            download="calls.csv"
          >
            CSV
          </a>
          <Button
            onClick={() => {
              lines.reload();
              groups.reload();
            }}
          >
            Refresh
          </Button>
        </>
      }
    >
      <form class="filters" role="search" aria-label="Figures" onSubmit={(event) => event.preventDefault()}>
        <SelectField label="Time" value={days} options={SPANS} onInput={(value) => set('days', value)} />
        <SelectField label="By" value={groupBy} options={GROUPS} onInput={(value) => set('groupBy', value)} />
        {campaigns.size > 0 && (
          <SelectField
            label="Campaign"
            value={campaignId}
            options={optionsOf(campaigns, 'All campaigns')}
            onInput={(value) => set('campaignId', value)}
          />
        )}
        {buyers.size > 0 && (
          <SelectField
            label="Buyer"
            value={buyerId}
            options={optionsOf(buyers, 'All buyers')}
            onInput={(value) => set('buyerId', value)}
          />
        )}
      </form>
      <div class="stack">
        <Await asked={lines}>{({ rows }) => <OverTime rows={rows} />}</Await>
        <Panel title={`By ${groupBy}`} flush>
          <Await asked={groups}>
            {({ rows }) => (
              <Table
                caption={`Figures by ${groupBy}, times in ${zone}`}
                columns={columnsOf(wordsOf(groupBy), rows, (key) => names?.get(key) ?? key)}
                rows={rows}
                keyOf={({ key, currency, start }) => `${key ?? ''}/${currency ?? ''}/${start}`}
                empty="No calls in this time"
                testId="figures-table"
              />
            )}
          </Await>
        </Panel>
      </div>
    </Page>
  );
}

const plain = (value: number): string => countText(value);

function OverTime({ rows }: { readonly rows: readonly FigureRow[] }) {
  const currencies = useMemo(() => currenciesOf(rows), [rows]);
  const currency = currencies[0] ?? 'USD';
  const money = useMemo(() => moneySeries(rows, currency), [rows, currency]);
  const calls = useMemo(() => callSeries(rows), [rows]);
  const format = useMemo(() => (value: number) => shortMoney(value * 1_000_000, currency), [currency]);
  if (rows.length === 0) return <Empty title="No calls in this time">Choose a longer one.</Empty>;
  const sum = (of: (row: FigureRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const total = (field: 'revenueMicros' | 'payoutMicros' | 'carrierCostMicros' | 'marginMicros') => {
    const micros = totalOf(rows, field, currency);
    return micros === undefined ? undefined : shortMoney(micros, currency);
  };
  const all = sum((row) => row.calls);
  const connected = sum((row) => row.connected);
  const stats: readonly (readonly [string, string | undefined])[] = [
    ['Revenue', total('revenueMicros')],
    ['Payout', total('payoutMicros')],
    ['Carriers', total('carrierCostMicros')],
    ['Margin', total('marginMicros')],
    ['Calls', countText(all)],
    ['Connected', `${countText(connected)} (${percentText(all === 0 ? null : connected / all)})`],
  ];
  return (
    <>
      <dl class="stats">
        {stats.map(
          ([label, value]) => value !== undefined && <Stat key={label} label={label} value={value} />,
        )}
      </dl>
      <div class="charts">
        {money.lines.length > 0 && (
          <Panel title={`Money, ${currency}`}>
            <Chart series={money} label={`Money over time, in ${currency}`} format={format} />
          </Panel>
        )}
        <Panel title="Calls">
          <Chart series={calls} label="Calls over time" format={plain} />
        </Panel>
      </div>
    </>
  );
}

function columnsOf(
  heading: string,
  rows: readonly FigureRow[],
  nameOf: (key: string) => string,
): readonly Column<FigureRow>[] {
  const money = (
    key: 'revenueMicros' | 'payoutMicros' | 'carrierCostMicros' | 'marginMicros',
    label: string,
  ): readonly Column<FigureRow>[] =>
    rows.some((row) => row[key] !== undefined)
      ? [
          {
            key,
            heading: label,
            align: 'right',
            sort: (row) => row[key],
            cell: (row) => <Money micros={row[key]} {...(row.currency ? { currency: row.currency } : {})} />,
          },
        ]
      : [];
  return [
    {
      key: 'key',
      heading,
      sort: ({ key }) => key && nameOf(key),
      cell: ({ key }) => (key === null ? <Text>{null}</Text> : nameOf(key)),
    },
    {
      key: 'calls',
      heading: 'Calls',
      align: 'right',
      sort: ({ calls }) => calls,
      cell: ({ calls }) => countText(calls),
    },
    {
      key: 'connected',
      heading: 'Connected',
      align: 'right',
      sort: ({ connected }) => connected,
      cell: ({ connected }) => countText(connected),
    },
    {
      key: 'asr',
      heading: 'ASR',
      align: 'right',
      sort: ({ asr }) => asr,
      cell: ({ asr }) => percentText(asr),
    },
    {
      key: 'acd',
      heading: 'ACD',
      align: 'right',
      sort: ({ acdMs }) => acdMs,
      cell: ({ acdMs }) => durationText(acdMs),
    },
    {
      key: 'pdd',
      heading: 'PDD',
      align: 'right',
      sort: ({ pddMs }) => pddMs,
      cell: ({ pddMs }) => durationText(pddMs),
    },
    {
      key: 'converted',
      heading: 'Converted',
      align: 'right',
      sort: ({ converted }) => converted,
      cell: ({ converted }) => countText(converted),
    },
    ...money('revenueMicros', 'Revenue'),
    ...money('payoutMicros', 'Payout'),
    ...money('carrierCostMicros', 'Carriers'),
    ...money('marginMicros', 'Margin'),
  ];
}
