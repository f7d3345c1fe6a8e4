import { useMemo } from 'preact/hooks';
import { useConsole } from '../console';
import { countText, durationText, percentText, shortMoney, wordsOf } from '../core/format';
import type { Role } from '../api/types';
import type { FigureRow, MoneyField, Report } from '../core/revenue';
import { callSeries, gridOf, moneySeries, totalOf } from '../core/revenue';
import { isOperator } from '../core/rights';
import { hrefOf } from '../core/router';
import { Button } from '../ui/button';
import { Chart } from '../ui/chart';
import { SelectField } from '../ui/field';
import { Filters } from '../ui/filters';
import { Await } from '../ui/list';
import { Page, Panel, Stat } from '../ui/page';
import { Empty } from '../ui/states';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import { optionsOf, useNames } from '../ui/use-names';
import { useQuery } from '../ui/use-query';
import { Money, Text, Time } from '../ui/values';

const DAY_MS = 86_400_000;
const SPANS = [
  ['1', 'Last 24 hours'],
  ['7', 'Last 7 days'],
  ['30', 'Last 30 days'],
  ['90', 'Last 90 days'],
  ['365', 'Last 365 days'],
] as const;
/** By what figures are told apart, and which parties may ask for that. */
const GROUPS: readonly (readonly [value: string, label: string, parties: readonly Role[]])[] = [
  ['campaign', 'Campaign', ['buyer', 'seller']],
  ['buyer', 'Buyer', ['buyer']],
  ['seller', 'Seller', ['seller']],
  ['trunk', 'Trunk', ['carrier']],
  ['state', 'State of the caller', ['buyer', 'seller']],
  ['hour', 'Hour of the day', ['buyer', 'seller', 'carrier']],
];
/** A round instant, so that who looks again within it asks for the same. */
const ROUND_MS = 60_000;

/** What was earned: over time, and by campaign, buyer and so on. */
export function Revenue() {
  const { api, user, place, go } = useConsole();
  const campaigns = useNames('/campaigns', 'campaigns:read');
  const buyers = useNames('/buyers', 'buyers:read');
  const sellers = useNames('/accounts', 'accounts:read', { type: 'seller' });
  const trunks = useNames('/trunks', 'trunks:read');
  const groupings = GROUPS.filter(([, , parties]) => isOperator(user) || parties.includes(user.role));
  const { days = '7', campaignId = '', buyerId = '', currency = '' } = place.query;
  const groupBy = place.query['groupBy'] ?? groupings[0]?.[0] ?? 'hour';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const range = useMemo(() => {
    const to = Math.ceil(Date.now() / ROUND_MS) * ROUND_MS;
    return { from: to - Number(days) * DAY_MS, to };
  }, [days]);
  const common = { ...range, zone, campaignId, buyerId, currency };
  const bucket = Number(days) <= 2 ? 'hour' : 'day';
  const overTime = { ...common, bucket };
  const grid = useMemo(() => gridOf(range.from, range.to, bucket), [range, bucket]);
  const byKey = { ...common, bucket: 'total', groupBy };
  const lines = useQuery<Report>('/analytics/calls', overTime);
  const groups = useQuery<Report>('/analytics/calls', byKey);
  const set = (name: string, value: string): void =>
    go(hrefOf('/revenue', { ...place.query, [name]: value }), true);
  const currencies = lines.data?.currencies ?? [];
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
      <Filters label="Figures">
        <SelectField label="Time" value={days} options={SPANS} onInput={(value) => set('days', value)} />
        <SelectField
          label="By"
          value={groupBy}
          options={groupings.map(([value, label]) => [value, label] as const)}
          onInput={(value) => set('groupBy', value)}
        />
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
        {currencies.length > 1 && (
          <SelectField
            label="Currency"
            value={currency === '' ? (lines.data?.currency ?? '') : currency}
            options={currencies.map((code) => [code, code] as const)}
            onInput={(value) => set('currency', value)}
          />
        )}
      </Filters>
      <div class="stack">
        <Await asked={lines}>{(report) => <OverTime report={report} grid={grid} />}</Await>
        <Panel title={`By ${groupBy}`} flush>
          <Await asked={groups}>
            {({ rows, currency: shown }) => (
              <Table
                caption={`Figures by ${groupBy}, times in ${zone}`}
                columns={columnsOf(wordsOf(groupBy), rows, shown, (key) => names?.get(key) ?? key)}
                rows={rows}
                keyOf={({ key, start }) => `${key ?? ''}/${start}`}
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

function OverTime({ report, grid }: { readonly report: Report; readonly grid: readonly number[] }) {
  const { rows, currency, wholeSince } = report;
  const money = useMemo(() => moneySeries(rows, grid), [rows, grid]);
  const calls = useMemo(() => callSeries(rows, grid), [rows, grid]);
  const format = useMemo(() => (value: number) => shortMoney(value * 1_000_000, currency), [currency]);
  if (rows.length === 0) return <Empty title="No calls in this time">Choose a longer one.</Empty>;
  const sum = (of: (row: FigureRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const total = (field: MoneyField): string | undefined => {
    const micros = totalOf(rows, field);
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
      {wholeSince !== null && (
        <p class="banner warn">
          Calls of before <Time at={wholeSince} /> are still being counted.
        </p>
      )}
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
          <Chart series={calls} label="Calls over time" format={plain} whole />
        </Panel>
      </div>
    </>
  );
}

function columnsOf(
  heading: string,
  rows: readonly FigureRow[],
  currency: string,
  nameOf: (key: string) => string,
): readonly Column<FigureRow>[] {
  const money = (key: MoneyField, label: string): readonly Column<FigureRow>[] =>
    rows.some((row) => row[key] !== undefined)
      ? [
          {
            key,
            heading: label,
            align: 'right',
            sort: (row) => row[key],
            cell: (row) => <Money micros={row[key]} currency={currency} />,
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
