import type { ComponentChildren } from 'preact';
import { FormChoices } from '../../ui/choice-field';
import { FormArea, FormCheck, FormSelect, FormText } from '../../ui/form';
import { Panel } from '../../ui/page';
import type { Form } from '../../ui/use-form';
import { PlanField } from '../dialplans/plan-field';

interface Props {
  readonly form: Form;
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <Panel title={title}>
      <div class="form-grid">{children}</div>
    </Panel>
  );
}

const currencyOf = (form: Form): string => form.draft['/currency'] ?? 'USD';

export function Basics({ form, isNew }: Props & { readonly isNew: boolean }) {
  return (
    <Section title="What is sold">
      <FormText form={form} at="/name" label="Name" />
      <FormSelect
        form={form}
        at="/status"
        label="Status"
        options={[
          ['draft', 'Draft'],
          ['active', 'Active'],
          ['paused', 'Paused'],
          ...(isNew ? [] : ([['archived', 'Archived']] as const)),
        ]}
        hint="Calls are sold while it is active."
      />
      <FormSelect
        form={form}
        at="/currency"
        label="Currency"
        options={['USD', 'EUR', 'GBP', 'CAD', 'AUD', 'CHF', 'JPY'].map((code) => [code, code] as const)}
      />
      <FormSelect
        form={form}
        at="/routing"
        label="Ring plan by"
        options={[
          ['auction', 'Auction'],
          ['priority', 'Priority'],
          ['weighted', 'Weight'],
          ['round_robin', 'Round robin'],
          ['skill', 'Skill'],
          ['least_cost', 'Least cost'],
          ['performance', 'Performance'],
        ]}
      />
      <FormSelect
        form={form}
        at="/auctionType"
        label="The winner pays"
        options={[
          ['second_price', 'The second price'],
          ['first_price', 'Its own price'],
        ]}
      />
      <FormText
        form={form}
        at="/reservePrice"
        label="Reserve price"
        before={currencyOf(form)}
        inputMode="decimal"
        hint="No bid below it may win."
      />
      <FormText
        form={form}
        at="/qualityWeight"
        label="Weight of quality"
        inputMode="decimal"
        hint="How much a buyer's record decides: 0 is price alone."
      />
    </Section>
  );
}

export function Payout({ form }: Props) {
  const kind = form.draft['/payout/kind'];
  const currency = currencyOf(form);
  const timed = kind === 'per_minute' || kind === 'graduated';
  return (
    <Section title="What the seller earns">
      <FormSelect
        form={form}
        at="/payout/kind"
        label="Kind"
        options={[
          ['per_call', 'So much a call'],
          ['per_minute', 'So much a minute'],
          ['share', 'A share of the price'],
          ['banded', 'By bands of duration'],
          ['graduated', 'Minutes by bands'],
        ]}
      />
      {kind === 'per_call' && (
        <FormText form={form} at="/payout/amount" label="Payout" before={currency} inputMode="decimal" />
      )}
      {kind === 'per_minute' && (
        <>
          <FormText
            form={form}
            at="/payout/ratePerMinute"
            label="Per minute"
            before={currency}
            inputMode="decimal"
          />
          <FormText
            form={form}
            at="/payout/connectFee"
            label="On connect"
            before={currency}
            inputMode="decimal"
          />
        </>
      )}
      {kind === 'share' && (
        <FormText form={form} at="/payout/shareBp" label="Share" unit="%" inputMode="decimal" />
      )}
      {timed && (
        <>
          <FormText
            form={form}
            at="/payout/firstIncrementMs"
            label="First increment"
            unit="s"
            inputMode="decimal"
          />
          <FormText
            form={form}
            at="/payout/nextIncrementMs"
            label="Next increments"
            unit="s"
            inputMode="decimal"
          />
        </>
      )}
      <FormText
        form={form}
        at="/payout/afterMs"
        label="Counts after"
        unit="s"
        inputMode="decimal"
        hint="The buffer: shorter calls earn nothing."
      />
      <FormSelect
        form={form}
        at="/payout/clock"
        label="Its clock starts"
        options={[
          ['', 'At the answer (as usual)'],
          ['answer', 'At the answer'],
          ['ring', 'When the target rang'],
          ['incoming', 'When the call came in'],
        ]}
      />
      <FormText form={form} at="/payout/minimum" label="At least" before={currency} inputMode="decimal" />
      <FormText form={form} at="/payout/maximum" label="At most" before={currency} inputMode="decimal" />
      <FormText
        form={form}
        at="/shortCallMs"
        label="Free below"
        unit="s"
        inputMode="decimal"
        hint="Shorter answered calls cost and earn nobody anything."
      />
      {(kind === 'banded' || kind === 'graduated') && (
        <FormArea
          form={form}
          at="/payout/bands"
          label="Bands"
          rows={7}
          code
          hint={
            kind === 'banded'
              ? 'JSON: [{"fromMs": 0, "toMs": 60000, "amount": 5000000}, {"fromMs": 60000, "toMs": null, "amount": 12000000}], in micro-units'
              : 'JSON: [{"fromMs": 0, "toMs": null, "ratePerMinute": 250000}], in micro-units'
          }
        />
      )}
      <FormArea
        form={form}
        at="/conversions"
        label="Conversion rules"
        rows={4}
        code
        hint="JSON; the first that fires goes before the plan. Empty: none."
      />
    </Section>
  );
}

export function Margin({ form }: Props) {
  const currency = currencyOf(form);
  return (
    <Section title="What the exchange keeps">
      <FormText
        form={form}
        at="/margin/percentBp"
        label="Of the buyer's price"
        unit="%"
        inputMode="decimal"
      />
      <FormText
        form={form}
        at="/margin/amount"
        label="On top of that"
        before={currency}
        inputMode="decimal"
      />
      <FormText
        form={form}
        at="/margin/minimum"
        label="Must be left at least"
        before={currency}
        inputMode="decimal"
      />
      <FormCheck form={form} at="/margin/allowLoss" label="Sell below the payout as well" />
    </Section>
  );
}

export function Delivery({ form }: Props) {
  return (
    <Section title="Delivery">
      <FormText form={form} at="/ringTimeoutMs" label="A target rings for" unit="s" inputMode="decimal" />
      <FormText
        form={form}
        at="/maxAttempts"
        label="Targets tried"
        inputMode="numeric"
        hint="At most, for one call."
      />
      <FormText form={form} at="/maxDurationMs" label="Conversation at most" unit="s" inputMode="decimal" />
      <FormSelect
        form={form}
        at="/ringback"
        label="Ringback from"
        options={[
          ['early_media', "The buyer's side"],
          ['local', "The caller's phone"],
        ]}
      />
      <PlanField form={form} />
      <FormText
        form={form}
        at="/stickyWindowMs"
        label="Back to the same buyer"
        unit="days"
        inputMode="decimal"
        hint="0: never."
      />
      <FormText form={form} at="/skillTag" label="Tag of skills" />
      <FormText form={form} at="/rtb/deadlineMs" label="Live bids within" unit="ms" inputMode="numeric" />
      <FormText form={form} at="/rtb/maxPings" label="Buyers pinged at most" inputMode="numeric" />
    </Section>
  );
}

export function Protection({ form }: Props) {
  return (
    <Section title="Duplicates and fraud">
      <FormText
        form={form}
        at="/duplicates/windowMs"
        label="A caller is a duplicate for"
        unit="days"
        inputMode="decimal"
        hint="0: never."
      />
      <FormSelect
        form={form}
        at="/duplicates/after"
        label="After it was"
        options={[
          ['connected', 'Connected'],
          ['converted', 'Converted'],
        ]}
      />
      <FormSelect
        form={form}
        at="/duplicates/scope"
        label="To the same"
        options={[
          ['target', 'Target'],
          ['buyer', 'Buyer'],
          ['campaign', 'Campaign'],
        ]}
      />
      <FormSelect
        form={form}
        at="/duplicates/then"
        label="Then it is"
        options={[
          ['', 'Not offered (as usual)'],
          ['refuse', 'Not offered'],
          ['free', 'Offered for nothing'],
        ]}
      />
      <FormText
        form={form}
        at="/velocityPerHour"
        label="Calls of one caller in an hour"
        inputMode="numeric"
        hint="0: no limit."
      />
      <FormText form={form} at="/fraud/flag" label="Flag from score" inputMode="decimal" />
      <FormText form={form} at="/fraud/challenge" label="Challenge from score" inputMode="decimal" />
      <FormText form={form} at="/fraud/block" label="Block from score" inputMode="decimal" />
    </Section>
  );
}

export function Compliance({ form }: Props) {
  return (
    <Section title="Compliance beyond the law">
      <FormSelect
        form={form}
        at="/compliance/minAttestation"
        label="Weakest attestation"
        options={[
          ['', 'Any, also none'],
          ['A', 'A'],
          ['B', 'B'],
          ['C', 'C: whatever is signed'],
        ]}
      />
      <FormText
        form={form}
        at="/compliance/contactsPerDay"
        label="Contacts of a person in a day"
        inputMode="numeric"
        hint="Empty: 3 where the rule binds."
      />
      <FormSelect
        form={form}
        at="/compliance/onLookupFailure"
        label="A provider does not answer"
        options={[
          ['', 'By the origin of the call'],
          ['flag', 'Go on, flagged'],
          ['block', 'Refuse'],
        ]}
      />
      <FormCheck
        form={form}
        at="/compliance/enforceHoursInbound"
        label="Calling hours for consumers' own calls too"
      />
      <FormChoices
        form={form}
        at="/compliance/lookups"
        label="Ask before the decision"
        options={[
          ['dnc', 'Do-not-call'],
          ['litigator', 'Litigators'],
          ['reassigned', 'Reassigned numbers'],
          ['line_type', 'Line type'],
        ]}
      />
      <FormChoices
        form={form}
        at="/compliance/refuseListed"
        label="Refuse callers on"
        options={[
          ['internal', 'Your own do-not-call list'],
          ['litigator', 'Lists of litigators'],
        ]}
      />
      <FormChoices
        form={form}
        at="/compliance/consentFor"
        label="Consent for calls that are"
        hint="None chosen: those that solicit."
        options={[
          ['inbound_consumer', 'Started by the consumer'],
          ['outbound_transfer', 'Outbound transfers'],
          ['callback', 'Callbacks'],
          ['agent_outbound', 'Outbound by agents'],
          ['unknown', 'Of unknown origin'],
        ]}
      />
    </Section>
  );
}

export function Card({ form }: Props) {
  return (
    <Section title="What agents see of a call">
      <FormSelect
        form={form}
        at="/card/number"
        label="The caller's number"
        options={[
          ['', 'As usual: once they answered'],
          ['ringing', 'While it rings'],
          ['answered', 'Once they answered'],
          ['never', 'Never'],
        ]}
      />
      {form.draft['/card/number'] !== '' && (
        <>
          <FormText form={form} at="/card/tags" label="Tags" hint="Separated by commas." />
          <FormCheck form={form} at="/card/price" label="What the call costs" />
        </>
      )}
    </Section>
  );
}

export function Recording({ form }: Props) {
  return (
    <Section title="Recording">
      <FormSelect
        form={form}
        at="/recording/mode"
        label="Conversations"
        options={[
          ['', 'As plans ask; the exchange alone listens'],
          ['off', 'As plans ask'],
          ['always', 'Are recorded, each of them'],
        ]}
      />
      {form.draft['/recording/mode'] !== '' && (
        <>
          <FormText
            form={form}
            at="/recording/announce"
            label="Announcement"
            hint="A prompt, as in consent/recording. Where everybody must consent, nothing is recorded without it."
          />
          <FormText
            form={form}
            at="/recording/keepDays"
            label="Kept for"
            unit="days"
            inputMode="numeric"
            hint="As everywhere, where it is empty."
          />
          <FormCheck form={form} at="/recording/buyersListen" label="Buyers listen to their own" />
          <FormCheck form={form} at="/recording/sellersListen" label="Sellers listen to what they sold" />
        </>
      )}
    </Section>
  );
}
