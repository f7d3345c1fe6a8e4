import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { LinkButton } from '../../ui/button';
import { SelectField, TextField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { useList } from '../../ui/use-query';
import { useFilter } from '../../ui/use-filter';
import { useNames } from '../../ui/use-names';
import { Text, Time } from '../../ui/values';
import { ANY_STATUS } from './choices';
import type { Buyer } from './types';

/** Who buys calls. */
export function Buyers() {
  const [status, setStatus] = useFilter('status');
  const [q, setQ] = useFilter('q');
  const list = useList<Buyer>('/buyers', { status, q, sort: 'name' });
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: list.items?.map(({ accountId }) => accountId) ?? [],
  });
  const mayMake = useMay('buyers:write') && isOperator(useConsole().user);
  return (
    <Page
      title="Buyers"
      actions={
        mayMake && (
          <LinkButton href={hrefOf('/buyers/new')} kind="primary" testId="new-buyer">
            New buyer
          </LinkButton>
        )
      }
    >
      <Filters label="Buyers">
        <TextField label="Name" type="search" value={q} onInput={setQ} testId="filter-q" />
        <SelectField label="Status" value={status} options={ANY_STATUS} onInput={setStatus} />
      </Filters>
      <Panel title="Buyers" flush>
        <ListTable
          list={list}
          caption="Buyers"
          testId="buyers"
          empty="No buyer fits"
          keyOf={({ id }) => id}
          hrefOf={({ id }) => hrefOf(`/buyers/${encodeURIComponent(id)}`)}
          columns={[
            { key: 'name', heading: 'Name', cell: ({ name }) => name },
            { key: 'status', heading: 'Status', cell: (buyer) => <Badge state={buyer.status} /> },
            {
              key: 'account',
              heading: 'Account',
              cell: ({ accountId }) => accounts.get(accountId) ?? accountId,
            },
            {
              key: 'concurrent',
              heading: 'Calls at once',
              align: 'right',
              cell: ({ caps }) => <Text>{caps.concurrent}</Text>,
            },
            { key: 'updated', heading: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
          ]}
        />
      </Panel>
    </Page>
  );
}
