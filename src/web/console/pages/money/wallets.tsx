import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { SelectField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { useFilter } from '../../ui/use-filter';
import { useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Money } from '../../ui/values';
import type { Wallet } from './types';

const STATES = [
  ['', 'All'],
  ['true', 'Stopped'],
  ['false', 'Not stopped'],
] as const;

/** What buyers have with the exchange. */
export function Wallets() {
  const [stopped, setStopped] = useFilter('stopped');
  const list = useList<Wallet>('/wallets', { stopped });
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: list.items?.map(({ accountId }) => accountId) ?? [],
  });
  return (
    <Page title="Wallets">
      <Filters label="Wallets">
        <SelectField label="State" value={stopped} options={STATES} onInput={setStopped} />
      </Filters>
      <Panel title="Wallets" flush>
        <ListTable
          list={list}
          caption="Wallets"
          testId="wallets"
          empty="There is no wallet"
          keyOf={({ accountId, currency }) => `${accountId}/${currency}`}
          hrefOf={({ accountId, currency }) =>
            hrefOf(`/wallets/${encodeURIComponent(accountId)}`, { currency })
          }
          columns={[
            {
              key: 'account',
              heading: 'Account',
              cell: ({ accountId }) => accounts.get(accountId) ?? accountId,
            },
            { key: 'state', heading: 'State', cell: (wallet) => <WalletState wallet={wallet} /> },
            {
              key: 'kind',
              heading: 'Kind',
              cell: ({ kind }) => (kind === 'credit' ? 'On credit' : 'Prepaid'),
            },
            {
              key: 'available',
              heading: 'Available',
              align: 'right',
              sort: ({ available }) => available,
              cell: ({ available, currency }) => <Money micros={available} currency={currency} />,
            },
            {
              key: 'balance',
              heading: 'Balance',
              align: 'right',
              sort: ({ balance }) => balance,
              cell: ({ balance, currency }) => <Money micros={balance} currency={currency} />,
            },
            {
              key: 'held',
              heading: 'Held',
              align: 'right',
              cell: ({ held, currency }) => <Money micros={held} currency={currency} />,
            },
          ]}
        />
      </Panel>
    </Page>
  );
}

export function WalletState({ wallet }: { readonly wallet: Wallet }) {
  if (wallet.stoppedSince !== null) return <Badge state="stopped" tone="bad" />;
  return wallet.lowSince === null ? <Badge state="ok" text="Covered" /> : <Badge state="low" tone="warn" />;
}
