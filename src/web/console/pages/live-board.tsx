import { useMemo } from 'preact/hooks';
import { useConsole, useMay } from '../console';
import { alertText } from '../core/alert-text';
import { countText, decimalText, moneyText, percentText, shortMoney, wordsOf } from '../core/format';
import { may } from '../core/rights';
import { hrefOf } from '../core/router';
import { clockTime } from '../../shared/format';
import type { Board, LiveAlert, LiveAuction, LiveCall } from '../live/board';
import { LIVE_STATES } from '../live/board';
import type { FeedState } from '../live/feed';
import { useBoard } from '../live/use-board';
import { Badge } from '../ui/badge';
import { Page, Panel, Stat } from '../ui/page';
import { Pulse } from '../ui/pulse';
import { Empty } from '../ui/states';
import type { Column } from '../ui/table';
import { Table } from '../ui/table';
import type { Names } from '../ui/use-names';
import { useNames } from '../ui/use-names';
import { Money, Phone, Text, Time } from '../ui/values';
import { ListenButton } from './call/supervision';

/** Rows that are drawn at once: more than anybody reads, and few enough to be drawn five times a second. */
const MOST_ROWS = 100;

/** What happens now: calls in flight, auctions as they clear, and how it goes. */
export function LiveBoard() {
  const { board, feed, degraded, now } = useBoard();
  const up = [...board.calls.values()];
  const campaigns = useNames('/campaigns', 'campaigns:read', {
    wanted: [...up, ...board.auctions].map(({ campaignId }) => campaignId),
  });
  const currencies = useNames('/campaigns', 'campaigns:read', { field: 'currency' });
  const buyers = useNames('/buyers', 'buyers:read', { wanted: up.map(({ buyerId }) => buyerId) });
  const { user } = useConsole();
  return (
    <Page title="Live board" aside={<FeedBadge feed={feed} />}>
      <div class="stack">
        <Banners feed={feed} degraded={degraded} />
        <Figures board={board} />
        <div class="columns board">
          <Panel title="Calls in flight" flush testId="live-calls">
            <CallTable
              board={board}
              now={now}
              campaigns={campaigns}
              currencies={currencies}
              buyers={buyers}
            />
          </Panel>
          <div class="stack">
            {may(user, 'alerts:read') && (
              <Panel title="Alerts" flush testId="live-alerts">
                <Alerts alerts={board.alerts} />
              </Panel>
            )}
            {user.role !== 'carrier' && (
              <Panel title="Auctions" flush testId="live-auctions">
                <Auctions auctions={board.auctions} campaigns={campaigns} buyers={buyers} />
              </Panel>
            )}
          </div>
        </div>
      </div>
    </Page>
  );
}

const FEED_WORDS: Readonly<Record<FeedState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Reconnecting',
  refused: 'Reconnecting',
};

function FeedBadge({ feed }: { readonly feed: FeedState }) {
  return (
    <span role="status" data-testid="feed-state" data-state={feed}>
      <Badge state={feed} tone={feed === 'live' ? 'good' : 'warn'} text={FEED_WORDS[feed]} />
    </span>
  );
}

function Banners({ feed, degraded }: { readonly feed: FeedState; readonly degraded: boolean }) {
  return (
    <div class="stack banners" role="status">
      {feed !== 'live' && feed !== 'connecting' && (
        <p class="banner warn">The connection is lost. What is shown may be old; it comes back by itself.</p>
      )}
      {degraded && (
        <p class="banner warn" data-testid="degraded">
          The exchange works in its fallback: news of its other nodes is missing for now. Calls go on.
        </p>
      )}
    </div>
  );
}

/** What somebody should look at. Its place is always there, so that nothing moves when an alert comes. */
function Alerts({ alerts }: { readonly alerts: readonly LiveAlert[] }) {
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: alerts.map(({ accountId }) => accountId),
  });
  const names = { accountName: (id: string) => accounts.get(id) ?? id };
  return (
    <div class="alerts" role="log" aria-label="Alerts" tabIndex={0}>
      {alerts.length === 0 ? (
        <p class="quiet alerts-none">Nothing needs you.</p>
      ) : (
        <ul>
          {alerts.map((alert) => {
            const { title, text, links } = alertText(alert, names);
            return (
              <li key={alert.id} class={`alert ${alert.severity}`} data-testid="alert" data-code={alert.code}>
                <p class="row">
                  <strong>{title}.</strong>
                  <span class="quiet">
                    <Time at={alert.at} clock />
                  </span>
                </p>
                <p>{text}</p>
                {links.length > 0 && (
                  <p class="row">
                    {links.map(({ href, label }) => (
                      <a key={href} href={href}>
                        {label}
                      </a>
                    ))}
                  </p>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

function Figures({ board }: { readonly board: Board }) {
  const { figures, pulse } = board;
  const up = figures?.calls;
  const inFlight = up && up.deciding + up.attended + up.ringing + up.answered;
  const money = figures?.today ?? [];
  return (
    <dl class="stats" data-testid="figures">
      <Stat
        label="Calls in flight"
        value={inFlight === undefined ? '–' : countText(inFlight)}
        note={
          up &&
          `${up.deciding} deciding, ${up.attended} with a plan, ${up.ringing} ringing, ${up.answered} answered`
        }
        testId="figure-calls"
      />
      <Stat
        label="Calls per second"
        value={figures ? decimalText(figures.attemptsPerSecond) : '–'}
        note={<Pulse values={pulse} label="Calls per second, the last two minutes" />}
      />
      <Stat
        label="Auctions per second"
        value={figures ? decimalText(figures.auctionsPerSecond) : '–'}
        note={figures?.nodes !== undefined && `${figures.nodes} ${figures.nodes === 1 ? 'node' : 'nodes'}`}
      />
      <Stat
        label="Answer rate, 5 min"
        value={percentText(figures?.answerRate5m)}
        note={`${percentText(figures?.answerRate60m)} in 60 min`}
      />
      {money.length === 0 && <Stat label="Money today" value="–" note="No call is settled yet" />}
      {money.slice(0, 2).map((day) => {
        const headline = day.marginMicros ?? day.revenueMicros ?? day.payoutMicros ?? 0;
        const label =
          day.marginMicros !== undefined
            ? 'Margin today'
            : day.revenueMicros !== undefined
              ? 'Spent today'
              : 'Earned today';
        return (
          <Stat
            key={day.currency}
            label={label}
            value={shortMoney(headline, day.currency)}
            note={
              day.marginMicros !== undefined && day.revenueMicros !== undefined
                ? `of ${shortMoney(day.revenueMicros, day.currency)} revenue`
                : undefined
            }
            testId="figure-margin"
          />
        );
      })}
    </dl>
  );
}

interface CallTableProps {
  readonly board: Board;
  readonly now: number;
  readonly campaigns: Names;
  readonly currencies: Names;
  readonly buyers: Names;
}

function CallTable({ board, now, campaigns, currencies, buyers }: CallTableProps) {
  const mayListen = useMay('calls:monitor');
  const calls = useMemo(() => [...board.calls.values()].reverse().slice(0, MOST_ROWS), [board.calls]);
  const columns: readonly Column<LiveCall>[] = [
    { key: 'from', heading: 'Caller', cell: ({ from }) => <Phone number={from} /> },
    {
      key: 'state',
      heading: 'State',
      sort: ({ state }) => LIVE_STATES.indexOf(state),
      cell: ({ state, reason }) => (
        <Badge
          state={state}
          tone={state === 'answered' ? 'good' : state === 'ended' ? 'plain' : 'accent'}
          text={
            state === 'attended'
              ? 'buyer gone'
              : state === 'ended' && reason !== undefined
                ? wordsOf(reason)
                : wordsOf(state)
          }
        />
      ),
    },
    {
      key: 'time',
      heading: 'For',
      align: 'right',
      sort: ({ since }) => -since,
      cell: ({ since, state, receivedAt }) =>
        receivedAt === 0 ? (
          <Text>{null}</Text>
        ) : (
          clockTime(state === 'ended' ? since - receivedAt : now - since)
        ),
    },
    {
      key: 'to',
      heading: 'Dialled',
      cell: ({ to }) => (to === undefined ? <Text>{to}</Text> : <Phone number={to} />),
    },
    {
      key: 'campaign',
      heading: 'Campaign',
      sort: ({ campaignId }) => campaignId && (campaigns.get(campaignId) ?? campaignId),
      cell: ({ campaignId }) => <Text>{campaignId && (campaigns.get(campaignId) ?? campaignId)}</Text>,
    },
    {
      key: 'buyer',
      heading: 'Buyer',
      sort: ({ buyerId }) => buyerId && (buyers.get(buyerId) ?? buyerId),
      cell: ({ buyerId }) => <Text>{buyerId && (buyers.get(buyerId) ?? buyerId)}</Text>,
    },
    {
      key: 'price',
      heading: 'Price',
      align: 'right',
      sort: ({ priceMicros }) => priceMicros,
      cell: ({ priceMicros, campaignId }) => (
        <Money micros={priceMicros} currency={campaignId && currencies.get(campaignId)} />
      ),
    },
    ...(mayListen
      ? [
          {
            key: 'listen',
            heading: 'Listen in',
            cell: ({ id, state, from }: LiveCall) =>
              state === 'answered' ? <ListenButton callId={id} caller={from ?? 'a withheld number'} /> : null,
          },
        ]
      : []),
  ];
  return (
    <>
      <Table
        caption="Calls in flight"
        columns={columns}
        rows={calls}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`/calls/${encodeURIComponent(id)}`)}
        empty="No call is in flight"
        testId="call-table"
      />
      {board.calls.size > MOST_ROWS && (
        <p class="list-foot quiet">
          The newest {countText(MOST_ROWS)} are shown. <a href={hrefOf('/calls')}>All calls</a>
        </p>
      )}
    </>
  );
}

interface AuctionsProps {
  readonly auctions: readonly LiveAuction[];
  readonly campaigns: Names;
  readonly buyers: Names;
}

function Auctions({ auctions, campaigns, buyers }: AuctionsProps) {
  if (auctions.length === 0)
    return <Empty title="No auction has cleared yet">They appear here as they clear.</Empty>;
  return (
    <ol class="auctions">
      {auctions.map(({ id, at, campaignId, currency, total, ranked, bids }) => {
        const best = bids.find(({ rank }) => rank === 1) ?? bids[0];
        return (
          <li key={id} class="auction" data-testid="auction" data-call={id}>
            <a class="auction-call" href={hrefOf(`/calls/${encodeURIComponent(id)}`)}>
              {campaignId === undefined ? 'Auction' : (campaigns.get(campaignId) ?? campaignId)}
            </a>
            <span class="quiet">
              <Time at={at} clock />
            </span>
            <span>
              {best === undefined ? (
                <span class="quiet">{ranked === 0 ? 'No bid may have it' : 'Cleared'}</span>
              ) : (
                <>
                  {buyers.get(best.buyerId) ?? best.buyerId}{' '}
                  <strong>{moneyText(best.priceMicros, currency)}</strong>
                </>
              )}
            </span>
            <span class="quiet">
              {ranked === undefined
                ? ''
                : total === undefined
                  ? `${ranked} ranked`
                  : `${ranked} of ${total} bids`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
