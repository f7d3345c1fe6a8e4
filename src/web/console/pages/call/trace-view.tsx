import type { ComponentChildren } from 'preact';
import type { BidOutcome, Decision, Finding } from '../../api/types';
import { decimalText, moneyText, wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { JsonView } from '../../ui/code';
import { Facts, Panel } from '../../ui/page';
import { Table } from '../../ui/table';
import type { Names } from '../../ui/use-names';
import { Text, Time } from '../../ui/values';

interface Props {
  readonly decision: Decision;
  readonly microseconds?: number | null | undefined;
  readonly buyers: Names;
}

/** Why a call was sold as it was, or was not: each verdict in the order in which it was made. */
export function TraceView({ decision, microseconds, buyers }: Props) {
  const { trace } = decision;
  const currency = decision.terms?.currency;
  return (
    <div class="stack" data-testid="trace">
      <Panel title="Verdict">
        <p class="verdict">
          <Badge
            state={decision.ok ? 'ok' : 'failed'}
            tone={decision.ok ? 'good' : 'bad'}
            text={decision.ok ? 'Offered' : 'Refused'}
          />
          <span>
            {decision.ok
              ? `${decision.plan?.length ?? 0} in the ring plan`
              : `${wordsOf(decision.reason ?? 'refused')} (SIP ${decision.sipStatus ?? '–'}): ${decision.detail ?? ''}`}
          </span>
        </p>
        <Facts
          facts={[
            ['Decided', <Time key="at" at={trace.decidedAt} />],
            ['In', typeof microseconds !== 'number' ? '–' : `${decimalText(microseconds / 1_000, 2)} ms`],
            ['Started by', <Text key="origin">{trace.origin && wordsOf(trace.origin)}</Text>],
            [
              'Identity',
              `${trace.attempt.verstat === 'none' ? 'Not signed' : wordsOf(trace.attempt.verstat)}${trace.attempt.attestation ? `, attestation ${trace.attempt.attestation}` : ''}`,
            ],
            ['Tags', <Tags key="tags" tags={trace.attempt.tags} />],
            ['Market', <Text key="market">{trace.marketPosition ?? `version ${trace.marketVersion}`}</Text>],
          ]}
        />
      </Panel>
      <Step number={1} title="Compliance" note={summary(trace.findings)}>
        <Findings findings={trace.findings} />
      </Step>
      <Step
        number={2}
        title="Fraud"
        note={trace.fraud ? `score ${decimalText(trace.fraud.score, 2)}` : 'not reached'}
      >
        {trace.fraud && (
          <Facts
            facts={[
              ['Score', <Score key="score" score={trace.fraud.score} level={trace.fraud.level} />],
              ['Reasons', <Text key="why">{trace.fraud.reasons.map(wordsOf).join(', ')}</Text>],
              ['Model', trace.fraud.model],
              ...(trace.fraud.shadow
                ? [
                    [
                      'Model on trial',
                      `${trace.fraud.shadow.model}: ${decimalText(trace.fraud.shadow.score, 2)}`,
                    ] as const,
                  ]
                : []),
            ]}
          />
        )}
      </Step>
      <Asked decision={decision} />
      <Step
        number={4}
        title="Auction"
        note={`${trace.bids.listed.filter(({ rank }) => typeof rank === 'number').length} of ${trace.bids.total} bids ranked`}
      >
        <Bids bids={trace.bids.listed} buyers={buyers} currency={currency} decision={decision} />
        <LeftOut counts={trace.bids.counts} />
      </Step>
      <details class="raw">
        <summary>The whole trace</summary>
        <JsonView value={decision} label="The decision as it was stored" />
      </details>
    </div>
  );
}

interface StepProps {
  readonly number: number;
  readonly title: string;
  readonly note: string;
  readonly children: ComponentChildren;
}

function Step({ number, title, note, children }: StepProps) {
  return (
    <Panel title={`${number}. ${title}`} actions={<span class="quiet">{note}</span>}>
      <div class="stack">{children}</div>
    </Panel>
  );
}

function summary(findings: readonly Finding[]): string {
  const count = (outcome: Finding['outcome']): number =>
    findings.filter((finding) => finding.outcome === outcome).length;
  if (count('block') > 0) return 'blocked';
  return count('flag') > 0 ? `passed, ${count('flag')} flagged` : `${count('pass')} rules passed`;
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  const rules = [...findings].sort((a, b) => weight(b) - weight(a));
  if (rules.length === 0) return <p class="quiet">No rule was looked at.</p>;
  return (
    <Table
      caption="Rules of compliance"
      columns={[
        {
          key: 'rule',
          heading: 'Rule',
          cell: ({ rule }) => <span class="mono">{rule}</span>,
          sort: ({ rule }) => rule,
        },
        {
          key: 'outcome',
          heading: 'Outcome',
          cell: ({ outcome }) => <Badge state={outcome} />,
          sort: (finding) => -weight(finding),
        },
        { key: 'detail', heading: 'Because', cell: ({ detail }) => detail },
        { key: 'citation', heading: 'Rests on', cell: ({ citation }) => <Text>{citation}</Text> },
      ]}
      rows={rules}
      keyOf={({ rule }) => rule}
    />
  );
}

const WEIGHTS: Readonly<Record<Finding['outcome'], number>> = {
  block: 3,
  flag: 2,
  pass: 1,
  not_applicable: 0,
};
const weight = ({ outcome }: Finding): number => WEIGHTS[outcome];

function Score({ score, level }: { readonly score: number; readonly level: string }) {
  return (
    <span class="row">
      <meter class="score" min={0} max={1} value={score} aria-label="Fraud score">
        {decimalText(score, 2)}
      </meter>
      <strong>{decimalText(score, 2)}</strong>
      <Badge state={level} />
    </span>
  );
}

function Tags({ tags }: { readonly tags: Readonly<Record<string, string>> }) {
  const entries = Object.entries(tags);
  if (entries.length === 0) return <span class="quiet">none</span>;
  return (
    <span class="row">
      {entries.map(([name, value]) => (
        <span key={name} class="tag">
          {name}: {value}
        </span>
      ))}
    </span>
  );
}

/** Who was asked before the decision: providers of lists, and buyers for live bids. */
function Asked({ decision }: { readonly decision: Decision }) {
  const { facts } = decision.trace;
  const lookups = facts?.compliance?.lookups ?? [];
  const liveBids = facts?.liveBids ?? [];
  const asked = lookups.length + liveBids.length;
  return (
    <Step number={3} title="Asked" note={asked === 0 ? 'nobody had to be asked' : `${asked} asked`}>
      {asked === 0 && <p class="quiet">No provider and no live bidder: all that it needs was in memory.</p>}
      {lookups.length > 0 && (
        <Table
          caption="Providers that were asked"
          columns={[
            { key: 'kind', heading: 'Look-up', cell: ({ kind }) => wordsOf(kind) },
            { key: 'provider', heading: 'Provider', cell: ({ provider }) => provider },
            {
              key: 'answer',
              heading: 'Answer',
              cell: ({ answer, value }) => `${wordsOf(answer)}${value ? `: ${value}` : ''}`,
            },
            {
              key: 'ms',
              heading: 'In',
              align: 'right',
              cell: ({ latencyMs, cached }) => (cached ? 'cached' : `${latencyMs} ms`),
            },
          ]}
          rows={lookups}
          keyOf={({ kind, provider }) => `${kind}/${provider}`}
        />
      )}
      {liveBids.length > 0 && (
        <Table
          caption="Buyers that were pinged"
          columns={[
            { key: 'bid', heading: 'Bid', cell: ({ bidId }) => <span class="mono">{bidId}</span> },
            {
              key: 'answer',
              heading: 'Answer',
              cell: ({ ok, price, why, detail }) =>
                ok && price !== undefined
                  ? moneyText(price, decision.terms?.currency)
                  : `${wordsOf(why ?? 'no bid')}${detail ? `: ${detail}` : ''}`,
            },
            { key: 'ms', heading: 'In', align: 'right', cell: ({ latencyMs }) => `${latencyMs} ms` },
          ]}
          rows={liveBids}
          keyOf={({ bidId }) => bidId}
        />
      )}
      {(facts?.degraded?.length ?? 0) > 0 && (
        <p class="banner warn">Decided without: {facts?.degraded?.map(wordsOf).join(', ')}.</p>
      )}
    </Step>
  );
}

interface BidsProps {
  readonly bids: readonly BidOutcome[];
  readonly buyers: Names;
  readonly currency: string | undefined;
  readonly decision: Decision;
}

function Bids({ bids, buyers, currency, decision }: BidsProps) {
  const sale = new Map((decision.plan ?? []).map((target) => [target.bidId, target]));
  return (
    <Table
      caption="Bids in the order of the ring plan"
      columns={[
        {
          key: 'rank',
          heading: 'Rank',
          sort: ({ rank }) => rank ?? undefined,
          cell: ({ rank, ineligible }) =>
            typeof rank !== 'number' ? (
              <Badge state="left out" tone="plain" text={wordsOf(ineligible ?? 'left out')} />
            ) : (
              <strong>{rank}</strong>
            ),
        },
        {
          key: 'buyer',
          heading: 'Buyer',
          cell: ({ buyerId }) => buyers.get(buyerId) ?? buyerId,
          sort: ({ buyerId }) => buyerId,
        },
        { key: 'bid', heading: 'Bid', cell: ({ bidId }) => <span class="mono">{bidId}</span> },
        {
          key: 'price',
          heading: 'Stands for',
          align: 'right',
          sort: ({ price }) => price,
          cell: ({ price }) => moneyText(price, currency),
        },
        {
          key: 'offer',
          heading: 'Offered',
          align: 'right',
          sort: ({ offer, price }) => offer ?? price,
          cell: ({ offer, price }) => moneyText(offer ?? price, currency),
        },
        {
          key: 'pays',
          heading: 'Pays if it answers',
          align: 'right',
          cell: ({ bidId }) => {
            const target = sale.get(bidId);
            return target === undefined ? (
              <Text>{null}</Text>
            ) : target.free ? (
              'nothing'
            ) : (
              moneyText(target.price, currency)
            );
          },
        },
      ]}
      rows={bids}
      keyOf={({ bidId }) => bidId}
      empty="No bid was looked at"
    />
  );
}

function LeftOut({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  const reasons = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (reasons.length === 0) return null;
  return (
    <p class="row">
      <span class="quiet">Left out:</span>
      {reasons.map(([reason, count]) => (
        <span key={reason} class="tag">
          {wordsOf(reason)} {count}
        </span>
      ))}
    </p>
  );
}
