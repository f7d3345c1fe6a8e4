import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import { Badge } from '../../ui/badge';
import { LinkButton } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { Await, ListTable } from '../../ui/list';
import { Page, Panel } from '../../ui/page';
import { Table } from '../../ui/table';
import { useNames } from '../../ui/use-names';
import { useList, useQuery } from '../../ui/use-query';
import { Time } from '../../ui/values';
import type { Dialplan, ShippedPlan } from './types';

const STATUSES = [
  ['', 'Any status'],
  ['live', 'Live'],
  ['draft', 'Draft'],
  ['archived', 'Archived'],
] as const;

/** What callers may be taken through: plans that people write here, and those that are files. */
export function Dialplans() {
  const { place, go, user } = useConsole();
  const mayWrite = useMay('dialplans:write');
  const { status = '' } = place.query;
  const list = useList<Dialplan>('/dialplans', { status });
  const sellers = useNames('/accounts', 'accounts:read', { type: 'seller' });
  return (
    <Page
      title="Dialplans"
      actions={
        mayWrite && (
          <LinkButton kind="primary" href={hrefOf('/dialplans/new')} testId="new-dialplan">
            New dialplan
          </LinkButton>
        )
      }
    >
      <Filters label="Dialplans">
        <SelectField
          label="Status"
          value={status}
          options={STATUSES}
          onInput={(value) => go(hrefOf('/dialplans', { status: value }), true)}
        />
      </Filters>
      <div class="stack">
        <Panel title="Written here" flush>
          <ListTable
            list={list}
            caption="Dialplans"
            columns={[
              { key: 'name', heading: 'Name', sort: ({ name }) => name, cell: ({ name }) => name },
              {
                key: 'status',
                heading: 'Status',
                sort: (plan) => plan.status,
                cell: (plan) => (
                  <Badge state={plan.status} tone={plan.status === 'live' ? 'good' : 'plain'} />
                ),
              },
              {
                key: 'version',
                heading: 'Version',
                cell: ({ live, latest }) =>
                  live === null
                    ? `${latest}, none is live`
                    : live === latest
                      ? `${live}`
                      : `${live} live, ${latest} newest`,
              },
              {
                key: 'owner',
                heading: 'Whose calls',
                cell: ({ accountId }) => (accountId === null ? 'Any' : (sellers.get(accountId) ?? accountId)),
              },
              {
                key: 'updated',
                heading: 'Changed',
                sort: ({ updatedAt }) => updatedAt,
                cell: ({ updatedAt }) => <Time at={updatedAt} />,
              },
            ]}
            keyOf={({ id }) => id}
            hrefOf={({ id }) => hrefOf(`/dialplans/${encodeURIComponent(id)}`)}
            empty={status === '' ? 'None is written here yet' : 'No dialplan has this status'}
            testId="dialplans"
          />
        </Panel>
        {isOperator(user) && <Shipped />}
      </div>
    </Page>
  );
}

function Shipped() {
  const asked = useQuery<{ items: readonly ShippedPlan[] }>('/dialplans/shipped');
  return (
    <Panel title="Files of this installation" flush>
      <Await asked={asked}>
        {({ items }) => (
          <Table
            rows={items}
            caption="Dialplans that are files"
            columns={[
              { key: 'name', heading: 'Name', cell: ({ name }) => name },
              {
                key: 'state',
                heading: 'State',
                cell: ({ yaml, problems }) => {
                  const wrong = problems.find(({ severity }) => severity === 'error');
                  return (
                    <>
                      <Badge
                        state={yaml === null ? 'refused' : 'live'}
                        tone={yaml === null ? 'bad' : wrong === undefined ? 'good' : 'warn'}
                        text={yaml === null ? 'Refused' : wrong === undefined ? 'In use' : 'As it was before'}
                      />{' '}
                      {wrong && <span class="quiet">{`${wrong.line}:${wrong.column}: ${wrong.reason}`}</span>}
                    </>
                  );
                },
              },
            ]}
            keyOf={({ name }) => name}
            hrefOf={({ name }) => hrefOf('/dialplans/new', { from: name })}
            empty="There is none"
            testId="shipped-dialplans"
          />
        )}
      </Await>
    </Panel>
  );
}
