import { useEffect, useState } from 'preact/hooks';
import { useConsole, useMay } from '../../console';
import { hrefOf } from '../../core/router';
import { wordsOf } from '../../core/format';
import type { PageProps } from '../../routes';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Await, ListTable } from '../../ui/list';
import { Facts, Page, Panel, Stat } from '../../ui/page';
import { useNames } from '../../ui/use-names';
import { useList, useQuery } from '../../ui/use-query';
import { Id, Money, Text, Time } from '../../ui/values';
import { TopUpDialog } from './top-up-dialog';
import type { Hold, TopUp, Wallet } from './types';
import { WalletState } from './wallets';

/** A wallet that is about to be judged is asked for again so often. */
const AGAIN_MS = 1_500;

/** One wallet: what is available of it, what is held, and what came in. */
export function WalletDetail({ params }: PageProps) {
  const { place } = useConsole();
  const accountId = params['id'] ?? '';
  const path = `/wallets/${encodeURIComponent(accountId)}`;
  const currency = place.query['currency'];
  const asked = useQuery<Wallet>(path, { currency });
  const topUps = useList<TopUp>(`${path}/top-ups`, { currency });
  const accounts = useNames('/accounts', 'accounts:read', { wanted: [accountId] });
  const [adding, setAdding] = useState(false);
  const mayAdd = useMay('wallets:write');
  const { data: wallet, reload } = asked;
  // Whether it covers calls again is judged a moment after money came in.
  const isJudged = wallet?.stoppedSince === null || (wallet?.available ?? 0) <= (wallet?.stopBelow ?? 0);
  useEffect(() => {
    if (isJudged) return;
    const timer = window.setInterval(reload, AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isJudged, reload]);
  return (
    <Page
      title={`Wallet of ${accounts.get(accountId) ?? accountId}`}
      up={{ href: hrefOf('/wallets'), label: 'Wallets' }}
      aside={asked.data && <WalletState wallet={asked.data} />}
      actions={
        mayAdd && (
          <Button kind="primary" onClick={() => setAdding(true)} testId="top-up">
            Book money in
          </Button>
        )
      }
    >
      <Await asked={asked}>{(wallet) => <Figures wallet={wallet} />}</Await>
      <Panel title="Held for calls" flush>
        <Holds path={path} currency={currency} />
      </Panel>
      <Panel title="Money that came in" flush>
        <ListTable
          list={topUps}
          caption="Top-ups"
          testId="top-ups"
          empty="Nothing came in yet"
          keyOf={({ id }) => String(id)}
          columns={[
            { key: 'reference', heading: 'Reference', cell: ({ reference }) => reference },
            { key: 'at', heading: 'Booked', cell: ({ createdAt }) => <Time at={createdAt} /> },
            { key: 'note', heading: 'Note', cell: ({ note }) => <Text>{note}</Text> },
            {
              key: 'amount',
              heading: 'Amount',
              align: 'right',
              cell: ({ amount }) => (
                <Money micros={amount} {...(asked.data && { currency: asked.data.currency })} />
              ),
            },
          ]}
        />
      </Panel>
      {adding && asked.data !== undefined && (
        <TopUpDialog
          wallet={asked.data}
          onClose={() => setAdding(false)}
          onDone={() => {
            setAdding(false);
            asked.reload();
            topUps.reload();
          }}
        />
      )}
    </Page>
  );
}

function Figures({ wallet }: { readonly wallet: Wallet }) {
  const { currency } = wallet;
  return (
    <>
      <dl class="stats">
        <Stat
          label="Available"
          value={<Money micros={wallet.available} currency={currency} />}
          testId="available"
        />
        <Stat label="Balance" value={<Money micros={wallet.balance} currency={currency} />} />
        <Stat label="Held" value={<Money micros={wallet.held} currency={currency} />} />
      </dl>
      <Panel title="Terms">
        <Facts
          facts={[
            ['Kind', wallet.kind === 'credit' ? 'On credit' : 'Prepaid'],
            ['Credit limit', <Money micros={wallet.creditLimit} currency={currency} />],
            ['No calls below', <Money micros={wallet.stopBelow} currency={currency} />],
            ['Told of below', <Money micros={wallet.lowBalanceAt} currency={currency} />],
            ['A call that it covers no longer', wallet.onExhausted === 'end' ? 'ends' : 'goes on'],
            ['Low since', <Time at={wallet.lowSince} />],
            ['Stopped since', <Time at={wallet.stoppedSince} />],
          ]}
        />
      </Panel>
    </>
  );
}

function Holds({ path, currency }: { readonly path: string; readonly currency: string | undefined }) {
  const list = useList<Hold>(`${path}/holds`, { currency });
  return (
    <ListTable
      list={list}
      caption="Holds"
      testId="holds"
      empty="Nothing was held yet"
      keyOf={({ id }) => id}
      hrefOf={({ callId }) => hrefOf(`/calls/${encodeURIComponent(callId)}`)}
      columns={[
        { key: 'call', heading: 'Call', cell: ({ callId }) => <Id id={callId} /> },
        {
          key: 'state',
          heading: 'State',
          cell: ({ state }) => <Badge state={state} text={wordsOf(state)} />,
        },
        { key: 'placed', heading: 'Placed', cell: ({ placedAt }) => <Time at={placedAt} /> },
        { key: 'closed', heading: 'Closed', cell: ({ closedAt }) => <Time at={closedAt} /> },
        {
          key: 'amount',
          heading: 'Amount',
          align: 'right',
          cell: ({ amount }) => <Money micros={amount} {...(currency === undefined ? {} : { currency })} />,
        },
      ]}
    />
  );
}
