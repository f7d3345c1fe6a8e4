import { useMemo } from 'preact/hooks';
import { useConsole, useMay } from '../../console';
import { integer, seconds, text, words } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { specsFor } from '../../core/draft';
import { wordsOf } from '../../core/format';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { Badge } from '../../ui/badge';
import { LinkButton } from '../../ui/button';
import { FormSelect, FormText } from '../../ui/form';
import { ListTable } from '../../ui/list';
import { Panel } from '../../ui/page';
import { useEntity } from '../../ui/use-entity';
import { optionsOf, useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Money, Time } from '../../ui/values';
import { CAP_SPECS, CapFields } from './cap-fields';
import { STATUSES } from './choices';
import { DELIVERY_SPECS, DeliveryFields } from './delivery-fields';
import { EntityPage } from './entity-page';
import type { Bid, Buyer, Target } from './types';

const window = seconds({ min: 1_000, max: 86_400_000 });

const RECORDING = [
  ['', 'as campaigns and plans say'],
  ['forbidden', 'are never recorded'],
] as const;

const SPECS: readonly FieldSpec[] = [
  { at: '/accountId', codec: text, required: 'choose who pays', ofExchange: true },
  { at: '/name', codec: text, required: 'give it a name' },
  { at: '/status', codec: text, initial: 'active' },
  ...CAP_SPECS,
  ...DELIVERY_SPECS,
  { at: '/recording', codec: text },
  { at: '/states', codec: words, ofExchange: true },
  { at: '/discipline/unanswered', codec: integer({ min: 1, max: 1_000 }), ofExchange: true },
  { at: '/discipline/windowMs', codec: window, ofExchange: true },
  { at: '/discipline/pauseMs', codec: window, ofExchange: true },
];

/** A buyer, with where it answers and what it bids. */
export function BuyerEditor({ params }: PageProps) {
  const { go, toast, user } = useConsole();
  const operator = isOperator(user);
  const specs = useMemo(() => specsFor(SPECS, operator), [operator]);
  const accounts = useNames('/accounts', 'accounts:read', { fresh: true });
  const editor = useEntity<Buyer>('/buyers', params['id'], specs, (buyer, isNew) => {
    toast('good', isNew ? 'The buyer is there' : 'Saved');
    if (isNew) go(hrefOf(`/buyers/${encodeURIComponent(buyer.id)}`), true);
  });
  const { form, stored } = editor;
  const known =
    stored && !accounts.has(stored.accountId) ? [[stored.accountId, stored.accountId] as const] : [];
  return (
    <EntityPage
      editor={editor}
      what="buyer"
      title={stored?.name ?? 'Buyer'}
      up={{ href: hrefOf('/buyers'), label: 'Buyers' }}
      scope="buyers:write"
      byTheExchange
      path="/buyers"
      fields={
        <>
          <div class="form-grid">
            <FormText form={form} at="/name" label="Name" />
            <FormSelect
              form={form}
              at="/accountId"
              label="Account that pays"
              options={[...optionsOf(accounts, 'Choose …'), ...known]}
            />
            <FormSelect
              form={form}
              at="/status"
              label="Status"
              options={STATUSES.filter(([status]) => operator || status !== 'archived')}
            />
          </div>
          <CapFields form={form} />
          <DeliveryFields form={form} />
          <fieldset class="form-section">
            <legend>Recording</legend>
            <div class="form-grid">
              <FormSelect form={form} at="/recording" label="Its conversations" options={RECORDING} />
              {operator && (
                <FormText
                  form={form}
                  at="/states"
                  label="States of its people"
                  placeholder="TX, FL"
                  hint="Two letters each. Where none is told everybody must hear that a call is recorded."
                />
              )}
            </div>
          </fieldset>
          {operator && (
            <fieldset class="form-section">
              <legend>When it does not answer</legend>
              <p class="quiet">
                All three, or none: a target that misses so many calls is paused for a while.
              </p>
              <div class="form-grid">
                <FormText form={form} at="/discipline/unanswered" label="Calls missed" inputMode="numeric" />
                <FormText form={form} at="/discipline/windowMs" label="Within" unit="s" inputMode="decimal" />
                <FormText
                  form={form}
                  at="/discipline/pauseMs"
                  label="First pause"
                  unit="s"
                  inputMode="decimal"
                />
              </div>
            </fieldset>
          )}
        </>
      }
    >
      {stored !== undefined && (
        <>
          <Targets buyerId={stored.id} />
          <Bids buyerId={stored.id} />
        </>
      )}
    </EntityPage>
  );
}

function Targets({ buyerId }: { readonly buyerId: string }) {
  const list = useList<Target>('/targets', { buyerId });
  const mayMake = useMay('targets:write');
  return (
    <Panel
      title="Targets"
      flush
      actions={
        mayMake && <LinkButton href={hrefOf('/targets/new', { buyer: buyerId })}>New target</LinkButton>
      }
    >
      <ListTable
        list={list}
        caption="Targets of the buyer"
        testId="targets"
        empty="It answers nowhere yet"
        keyOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`/targets/${encodeURIComponent(id)}`)}
        columns={[
          { key: 'name', heading: 'Name', cell: ({ name }) => name },
          { key: 'status', heading: 'Status', cell: ({ status }) => <Badge state={status} /> },
          { key: 'kind', heading: 'Kind', cell: ({ kind }) => wordsOf(kind) },
          { key: 'uri', heading: 'Address', cell: ({ uri }) => <span class="mono">{uri}</span> },
          { key: 'paused', heading: 'Paused until', cell: ({ pausedUntil }) => <Time at={pausedUntil} /> },
        ]}
      />
    </Panel>
  );
}

function Bids({ buyerId }: { readonly buyerId: string }) {
  const list = useList<Bid>('/bids', { buyerId });
  const campaigns = useNames('/campaigns', 'campaigns:read');
  const currencies = useNames('/campaigns', 'campaigns:read', { field: 'currency' });
  const mayMake = useMay('bids:write');
  return (
    <Panel
      title="Bids"
      flush
      actions={mayMake && <LinkButton href={hrefOf('/bids/new', { buyer: buyerId })}>New bid</LinkButton>}
    >
      <ListTable
        list={list}
        caption="Bids of the buyer"
        testId="bids"
        empty="It bids for nothing yet"
        keyOf={({ id }) => id}
        hrefOf={({ id }) => hrefOf(`/bids/${encodeURIComponent(id)}`)}
        columns={[
          {
            key: 'campaign',
            heading: 'Campaign',
            cell: ({ campaignId }) => campaigns.get(campaignId) ?? campaignId,
          },
          { key: 'status', heading: 'Status', cell: ({ status }) => <Badge state={status} /> },
          {
            key: 'price',
            heading: 'Price',
            align: 'right',
            cell: ({ price, campaignId }) => <Money micros={price} currency={currencies.get(campaignId)} />,
          },
          { key: 'plan', heading: 'Plan', cell: ({ plan }) => wordsOf(plan.kind) },
          { key: 'priority', heading: 'Priority', align: 'right', cell: ({ priority }) => priority },
          { key: 'live', heading: 'Price comes', cell: ({ ping }) => (ping ? 'call by call' : 'standing') },
        ]}
      />
    </Panel>
  );
}
