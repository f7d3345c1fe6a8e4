import { useMemo } from 'preact/hooks';
import { useConsole } from '../../console';
import { flag, integer, json, money, text } from '../../core/codec';
import type { Codec } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { specsFor } from '../../core/draft';
import { isOperator } from '../../core/rights';
import { without } from '../../core/pointer';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { FormArea, FormCheck, FormSelect, FormText } from '../../ui/form';
import { useEntity } from '../../ui/use-entity';
import { optionsOf, useNames } from '../../ui/use-names';
import { CAP_SPECS, CapFields } from './cap-fields';
import { STATUSES } from './choices';
import { EntityPage } from './entity-page';
import type { Bid } from './types';

/** That there is a secret is shown, and not sent back. */
const ping: Codec = { ...json, show: (value) => json.show(without(value, '/signed')) };
const rank = integer({ min: 1, max: 1_000 });

const specsOf = (buyerId: string | undefined): readonly FieldSpec[] => [
  { at: '/campaignId', codec: text, required: 'choose a campaign' },
  { at: '/buyerId', codec: text, required: 'is whose bid?', initial: buyerId },
  { at: '/targetId', codec: text, required: 'choose where it rings' },
  { at: '/status', codec: text, initial: 'active' },
  { at: '/price', codec: money, required: 'say what a call is expected to bring' },
  {
    at: '/plan',
    codec: json,
    required: 'say how a call is charged',
    initial: { kind: 'per_call', amount: 25_000_000, afterMs: 60_000 },
  },
  { at: '/priority', codec: rank, initial: 1, ofExchange: true },
  { at: '/weight', codec: rank, initial: 1, ofExchange: true },
  { at: '/fallback', codec: flag, initial: false, ofExchange: true },
  { at: '/targeting', codec: json, initial: {} },
  { at: '/modifiers', codec: json, initial: [] },
  { at: '/conversions', codec: json },
  { at: '/ping', codec: ping },
  ...CAP_SPECS,
];

/** What a buyer offers for the calls of a campaign. */
export function BidEditor({ params }: PageProps) {
  const { go, toast, place, user } = useConsole();
  const operator = isOperator(user);
  const specs = useMemo(
    () => specsFor(specsOf(place.query['buyer']), operator),
    [place.query['buyer'], operator],
  );
  const editor = useEntity<Bid>('/bids', params['id'], specs, (bid, isNew) => {
    toast('good', isNew ? 'The bid is there' : 'Saved');
    if (isNew) go(hrefOf(`/buyers/${encodeURIComponent(bid.buyerId)}`), true);
  });
  const { form, stored } = editor;
  const buyerId = stored?.buyerId ?? place.query['buyer'];
  const campaigns = useNames('/campaigns', 'campaigns:read', { fresh: true });
  const targets = useNames('/targets', 'targets:read', { buyerId, fresh: true });
  return (
    <EntityPage
      editor={editor}
      what="bid"
      title={stored ? `Bid for ${campaigns.get(stored.campaignId) ?? stored.campaignId}` : 'Bid'}
      up={
        buyerId === undefined
          ? { href: hrefOf('/buyers'), label: 'Buyers' }
          : { href: hrefOf(`/buyers/${encodeURIComponent(buyerId)}`), label: 'Buyer' }
      }
      scope="bids:write"
      path="/bids"
      fields={
        <>
          <div class="form-grid">
            <FormSelect
              form={form}
              at="/campaignId"
              label="Campaign"
              options={optionsOf(campaigns, 'Choose …')}
            />
            <FormSelect
              form={form}
              at="/targetId"
              label="Rings at"
              options={optionsOf(targets, 'Choose …')}
            />
            <FormSelect form={form} at="/status" label="Status" options={STATUSES} />
            {buyerId === undefined && <FormText form={form} at="/buyerId" label="Buyer" />}
          </div>
          <fieldset class="form-section">
            <legend>Price</legend>
            <div class="form-grid">
              <FormText
                form={form}
                at="/price"
                label="Expected revenue of a call"
                hint="What the auction compares; of a live bid the most that it may say"
                inputMode="decimal"
              />
              <FormText
                form={form}
                at="/priority"
                label="Priority"
                hint="1 is tried before 10"
                inputMode="numeric"
              />
              <FormText
                form={form}
                at="/weight"
                label="Weight"
                hint="Share among equals"
                inputMode="numeric"
              />
            </div>
            <FormArea
              form={form}
              at="/plan"
              label="Plan"
              hint="per_call, per_minute, banded or graduated; amounts in micro-units, times in milliseconds"
              rows={6}
              code
            />
            <FormArea
              form={form}
              at="/conversions"
              label="Conversions"
              hint="Prices that go before the plan"
              rows={3}
              code
            />
            <FormCheck form={form} at="/fallback" label="Rung only when no other bid may take the call" />
          </fieldset>
          <fieldset class="form-section">
            <legend>Which calls</legend>
            <FormArea
              form={form}
              at="/targeting"
              label="Targeting"
              hint="states, npas, zips, near, tags, schedule, attestation, languages, lineTypes"
              rows={5}
              code
            />
            <FormArea
              form={form}
              at="/modifiers"
              label="Modifiers"
              hint="All that fit a call are multiplied"
              rows={3}
              code
            />
            <FormArea
              form={form}
              at="/ping"
              label="Live bidding"
              hint="Where its price is asked for, call by call"
              rows={4}
              code
            />
          </fieldset>
          <CapFields form={form} />
        </>
      }
    />
  );
}
