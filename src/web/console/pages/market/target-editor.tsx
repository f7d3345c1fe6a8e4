import { useMemo } from 'preact/hooks';
import { useConsole } from '../../console';
import { json, money, text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { specsFor } from '../../core/draft';
import { isOperator } from '../../core/rights';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { FormArea, FormSelect, FormText } from '../../ui/form';
import { useEntity } from '../../ui/use-entity';
import { CAP_SPECS, CapFields } from './cap-fields';
import { STATUSES, TARGET_KINDS } from './choices';
import { DELIVERY_SPECS, DeliveryFields } from './delivery-fields';
import { EntityPage } from './entity-page';
import { TestCallButton } from './test-call';
import type { Target } from './types';

const specsOf = (buyerId: string | undefined): readonly FieldSpec[] => [
  { at: '/buyerId', codec: text, required: 'is whose target?', initial: buyerId },
  { at: '/name', codec: text, required: 'give it a name' },
  { at: '/status', codec: text, initial: 'active' },
  { at: '/kind', codec: text, initial: 'sip' },
  { at: '/uri', codec: text, required: 'say where it is rung' },
  { at: '/costPerMinute', codec: money, initial: 0, ofExchange: true },
  ...CAP_SPECS,
  ...DELIVERY_SPECS,
  { at: '/skills', codec: json },
];

/** Where a buyer answers. */
export function TargetEditor({ params }: PageProps) {
  const { go, toast, place, user } = useConsole();
  const operator = isOperator(user);
  const specs = useMemo(
    () => specsFor(specsOf(place.query['buyer']), operator),
    [place.query['buyer'], operator],
  );
  const editor = useEntity<Target>('/targets', params['id'], specs, (target, isNew) => {
    toast('good', isNew ? 'The target is there' : 'Saved');
    if (isNew) go(hrefOf(`/buyers/${encodeURIComponent(target.buyerId)}`), true);
  });
  const { form, stored } = editor;
  const buyerId = stored?.buyerId ?? place.query['buyer'];
  return (
    <EntityPage
      editor={editor}
      what="target"
      title={stored?.name ?? 'Target'}
      up={
        buyerId === undefined
          ? { href: hrefOf('/buyers'), label: 'Buyers' }
          : { href: hrefOf(`/buyers/${encodeURIComponent(buyerId)}`), label: 'Buyer' }
      }
      scope="targets:write"
      path="/targets"
      fields={
        <>
          <div class="form-grid">
            <FormText form={form} at="/name" label="Name" />
            <FormSelect form={form} at="/status" label="Status" options={STATUSES} />
            <FormSelect
              form={form}
              at="/kind"
              label="Kind"
              options={TARGET_KINDS.filter(([kind]) => operator || kind !== 'pstn' || stored?.kind === kind)}
            />
            <FormText
              form={form}
              at="/uri"
              label="Address"
              hint="A SIP URI; of a softphone, agent:ID or team:ID of the same buyer"
              placeholder="sip:sales@192.0.2.7"
            />
            <FormText
              form={form}
              at="/costPerMinute"
              label="Cost of a minute"
              hint="What delivery there costs the exchange"
              inputMode="decimal"
            />
            {buyerId === undefined && <FormText form={form} at="/buyerId" label="Buyer" />}
          </div>
          <CapFields form={form} />
          <DeliveryFields form={form}>
            <FormArea
              form={form}
              at="/skills"
              label="Skills"
              hint="From 1 (a little) to 10 (masters), as JSON"
              rows={3}
              code
            />
          </DeliveryFields>
        </>
      }
    >
      {stored !== undefined && stored.status !== 'archived' && <TestCallButton targetId={stored.id} />}
    </EntityPage>
  );
}
