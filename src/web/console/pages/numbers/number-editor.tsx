import { useMemo } from 'preact/hooks';
import { phoneNumber } from '../../../shared/format';
import { useConsole } from '../../console';
import { text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { LinkButton } from '../../ui/button';
import { FormSelect, FormText } from '../../ui/form';
import { useEntity } from '../../ui/use-entity';
import type { Names } from '../../ui/use-names';
import { optionsOf, useNames } from '../../ui/use-names';
import { PlanField } from '../dialplans/plan-field';
import { EntityPage } from '../market/entity-page';
import type { DidNumber } from './types';
import { NUMBER_STATUSES } from './types';

const specsOf = (campaign: string | undefined, dialplan: string | undefined): readonly FieldSpec[] => [
  { at: '/number', codec: text, required: 'which number is dialled?' },
  { at: '/campaignId', codec: text, required: 'choose what its calls are sold for', initial: campaign },
  { at: '/sellerId', codec: text, required: 'choose who brings its calls' },
  { at: '/status', codec: text, initial: 'active' },
  { at: '/dialplan', codec: text, initial: dialplan },
];

/** One number that is dialled. */
export function NumberEditor({ params }: PageProps) {
  const { go, toast, place, user } = useConsole();
  const { campaign, dialplan } = place.query;
  const specs = useMemo(() => specsOf(campaign, dialplan), [campaign, dialplan]);
  const editor = useEntity<DidNumber>('/numbers', params['id'], specs, (number, isNew) => {
    toast('good', isNew ? `Calls to ${phoneNumber(number.number)} are taken.` : 'The number is saved.');
    if (isNew) go(hrefOf(`/numbers/${encodeURIComponent(number.id)}`), true);
  });
  const { form, stored } = editor;
  const campaigns = useNames('/campaigns', 'campaigns:read', { fresh: true });
  const sellers = useNames('/accounts', 'accounts:read', { type: 'seller', fresh: true });
  return (
    <EntityPage
      editor={editor}
      what="number"
      title={stored === undefined ? 'Number' : phoneNumber(stored.number)}
      up={{ href: hrefOf('/numbers'), label: 'Numbers' }}
      scope="numbers:write"
      path="/numbers"
      putAway={{ as: 'disabled', action: 'Disable', done: 'disabled' }}
      actions={
        stored && (
          <>
            <LinkButton href={hrefOf('/calls', { dialled: stored.number })}>Its calls</LinkButton>
            {isOperator(user) && (
              <LinkButton href={hrefOf(`/campaigns/${encodeURIComponent(stored.campaignId)}`)}>
                Its campaign
              </LinkButton>
            )}
          </>
        )
      }
      fields={
        <div class="form-grid">
          <FormText
            form={form}
            at="/number"
            label="Number"
            type="tel"
            hint="As +18335550100, or (833) 555-0100."
          />
          <FormSelect
            form={form}
            at="/campaignId"
            label="Campaign"
            options={choices(campaigns, form.draft['/campaignId'])}
          />
          <FormSelect
            form={form}
            at="/sellerId"
            label="Seller"
            options={choices(sellers, form.draft['/sellerId'])}
          />
          <FormSelect form={form} at="/status" label="Status" options={NUMBER_STATUSES} />
          <PlanField
            form={form}
            sellerId={form.draft['/sellerId']}
            none="Its campaign’s"
            hint="What its callers hear and are asked."
          />
        </div>
      }
    />
  );
}

/** What stands there stays to be chosen, also by who may not list it. */
function choices(names: Names, chosen: string | undefined): readonly (readonly [string, string])[] {
  const known = chosen === undefined || chosen === '' || names.has(chosen);
  return [...optionsOf(names, 'Choose …'), ...(known ? [] : [[chosen, chosen] as const])];
}
