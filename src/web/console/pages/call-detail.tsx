import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { phoneNumber } from '../../shared/format';
import type { CallDetail as Detail, LegStats } from '../api/types';
import { useConsole, useMay } from '../console';
import { decimalText, durationText, wordsOf } from '../core/format';
import { isOperator } from '../core/rights';
import { mosWord } from '../core/quality';
import { hrefOf } from '../core/router';
import { timelineOf } from '../core/timeline';
import type { PageProps } from '../routes';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { JsonView } from '../ui/code';
import { Failure, Loading, Empty } from '../ui/states';
import { Facts, Page, Panel, Stat } from '../ui/page';
import { Table } from '../ui/table';
import type { Tab } from '../ui/tabs';
import { Tabs } from '../ui/tabs';
import type { Names } from '../ui/use-names';
import { useNames } from '../ui/use-names';
import { useQuery } from '../ui/use-query';
import { Id, Money, Phone, Text, Time } from '../ui/values';
import { CallControls } from './call/controls';
import { LadderView } from './call/ladder-view';
import { RecordingsView } from './call/recordings';
import { TraceView } from './call/trace-view';

/** A call that is up is asked for again so often. */
const AGAIN_MS = 2_000;

/** One call: what happened, why, how it sounded, and what it cost. */
export function CallDetail({ params }: PageProps) {
  const { user } = useConsole();
  const id = params['id'] ?? '';
  const asked = useQuery<Detail>(`/calls/${encodeURIComponent(id)}`);
  const last = useRef<Detail | undefined>(undefined);
  if (asked.data !== undefined) last.current = asked.data;
  const call = asked.data ?? last.current;
  const isUp = call !== undefined && call.endedAt === null;
  const { reload } = asked;
  useEffect(() => {
    if (!isUp) return;
    const timer = window.setInterval(reload, AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isUp, reload]);
  const up = { href: hrefOf('/calls'), label: 'Calls' };
  const title = call?.from ? `Call from ${phoneNumber(call.from)}` : 'Call';
  return (
    <Page
      title={title}
      up={up}
      aside={
        call && (
          <span class="row" role="status">
            <Badge state={call.state} />
            {call.held === true && <Badge state="held" tone="warn" text="On hold" />}
          </span>
        )
      }
      actions={
        <>
          {isUp && (isOperator(user) || user.role === 'buyer') && (
            <CallControls call={call} onDone={reload} />
          )}
          <Button onClick={reload} testId="refresh">
            Refresh
          </Button>
        </>
      }
    >
      {call === undefined ? (
        asked.problem === undefined ? (
          <Loading />
        ) : (
          <Failure problem={asked.problem} onRetry={reload} />
        )
      ) : (
        <Whole call={call} />
      )}
    </Page>
  );
}

function Whole({ call }: { readonly call: Detail }) {
  const campaigns = useNames('/campaigns', 'campaigns:read', { wanted: [call.campaignId] });
  const buyers = useNames('/buyers', 'buyers:read', { wanted: [call.buyerId] });
  const targets = useNames('/targets', 'targets:read', { wanted: [call.targetId] });
  const hears = useMay('recordings:read');
  const { decision, ledger } = call;
  const tabs: Tab[] = [
    {
      key: 'timeline',
      label: 'Timeline',
      body: () => <Timeline call={call} buyers={buyers} targets={targets} />,
    },
    ...(call.attempts === undefined
      ? []
      : [{ key: 'ladder', label: 'SIP ladder', body: () => <LadderView call={call} targets={targets} /> }]),
    ...(decision
      ? [
          {
            key: 'decision',
            label: 'Decision',
            body: () => (
              <TraceView decision={decision} microseconds={call.decisionMicroseconds} buyers={buyers} />
            ),
          },
        ]
      : []),
    ...(call.bids === undefined
      ? []
      : [{ key: 'bids', label: 'Your bids', body: () => <OwnBids bids={call.bids ?? []} /> }]),
    ...(call.media === undefined
      ? []
      : [{ key: 'audio', label: 'Audio', body: () => <Audio call={call} /> }]),
    ...(hears
      ? [{ key: 'recordings', label: 'Recordings', body: () => <RecordingsView callId={call.id} /> }]
      : []),
    ...(ledger === undefined
      ? []
      : [{ key: 'ledger', label: 'Ledger', body: () => <Ledger ledger={ledger} /> }]),
    {
      key: 'raw',
      label: 'Record',
      body: () => <JsonView value={call} label="The call as the API tells it" />,
    },
  ];
  const ring = call.firstRingAt;
  return (
    <div class="stack">
      <dl class="stats">
        <Stat label="Connected" value={call.connectedMs > 0 ? durationText(call.connectedMs) : '–'} />
        <Stat
          label="Post-dial delay"
          value={ring === null || ring === undefined ? '–' : durationText(ring - call.receivedAt)}
        />
        <Stat
          label="To the answer"
          value={call.answeredAt === null ? '–' : durationText(call.answeredAt - call.receivedAt)}
        />
        {call.attempts && <Stat label="Targets rung" value={String(call.attempts.length)} />}
        {typeof call.decisionMicroseconds === 'number' && (
          <Stat label="Decided in" value={`${decimalText(call.decisionMicroseconds / 1_000, 2)} ms`} />
        )}
      </dl>
      <div class="columns call-columns">
        <div>
          <Tabs tabs={tabs} label="Parts of the call" />
        </div>
        <Panel title="Facts">
          <Facts facts={factsOf(call, { campaigns, buyers, targets })} />
        </Panel>
      </div>
    </div>
  );
}

interface KnownNames {
  readonly campaigns: Names;
  readonly buyers: Names;
  readonly targets: Names;
}

/** What is told of a call: parties are not told all of it. */
function factsOf(call: Detail, names: KnownNames): readonly (readonly [string, ComponentChildren])[] {
  const named = (known: Names, id: string | null | undefined): ComponentChildren => (
    <Text>{id && (known.get(id) ?? id)}</Text>
  );
  const facts: readonly (readonly [keyof Detail, string, ComponentChildren])[] = [
    ['id', 'Call', <Id key="id" id={call.id} />],
    ['receivedAt', 'Received', <Time key="at" at={call.receivedAt} />],
    ['from', 'Caller', <Phone key="from" number={call.from} />],
    ['to', 'Dialled', <Phone key="to" number={call.to} />],
    ['campaignId', 'Campaign', named(names.campaigns, call.campaignId)],
    ['buyerId', 'Buyer', named(names.buyers, call.buyerId)],
    ['targetId', 'Target', named(names.targets, call.targetId)],
    ['agentId', 'Agent', <Text key="agent">{call.agentId}</Text>],
    ['trunkId', 'Trunk', <Text key="trunk">{call.trunkId}</Text>],
    ['origin', 'Origin', <Text key="origin">{call.origin && wordsOf(call.origin)}</Text>],
    ['endReason', 'Ended by', <Text key="end">{call.endReason && wordsOf(call.endReason)}</Text>],
    ['sipStatus', 'SIP status', <Text key="status">{call.sipStatus}</Text>],
    ['detail', 'Detail', <Text key="detail">{call.detail}</Text>],
    ['sipCallId', 'SIP Call-ID', <Id key="sip" id={call.sipCallId} />],
    ['nodeId', 'Node', <Id key="node" id={call.nodeId} />],
  ];
  return facts.flatMap(([field, label, value]) =>
    call[field] === undefined ? [] : [[label, value] as const],
  );
}

function Timeline({ call, buyers, targets }: { call: Detail; buyers: Names; targets: Names }) {
  const moments = timelineOf(call);
  return (
    <Panel title="Timeline">
      <ol class="timeline" data-testid="timeline">
        {moments.map(({ at, title, detail, tone, targetId, buyerId }) => (
          <li key={`${at} ${title} ${targetId ?? ''}`} class={`moment ${tone}`}>
            <span class="moment-at">+{durationText(at - call.receivedAt)}</span>
            <div>
              <strong>{title}</strong>
              {targetId !== undefined && (
                <>
                  {' '}
                  {buyers.get(buyerId ?? '') ?? buyerId} · {targets.get(targetId) ?? targetId}
                </>
              )}
              {detail !== undefined && <p class="quiet">{detail}</p>}
            </div>
            <Time at={at} clock />
          </li>
        ))}
        {call.endedAt === null && (
          <li class="moment accent">
            <span class="moment-at" />
            <strong>The call is up</strong>
          </li>
        )}
      </ol>
    </Panel>
  );
}

const LEGS: readonly (readonly [leg: string, heading: string])[] = [
  ['caller', 'Heard from the caller'],
  ['buyer', 'Heard from the buyer'],
];

function Audio({ call }: { readonly call: Detail }) {
  const legs = LEGS.flatMap(([leg, heading]) => {
    const stats = call.media?.[leg];
    return stats === undefined ? [] : [{ heading, stats }];
  });
  if (legs.length === 0) {
    return (
      <Empty title={call.endedAt === null ? 'Audio is measured until the end' : 'No audio was measured'}>
        {call.endedAt === null && 'What was counted is stored with the call once it is over.'}
      </Empty>
    );
  }
  return (
    <div class="legs">
      {legs.map(({ heading, stats }) => (
        <Leg key={heading} heading={heading} stats={stats} />
      ))}
    </div>
  );
}

function Leg({ heading, stats }: { readonly heading: string; readonly stats: LegStats }) {
  const { mos } = stats;
  const said = mos === undefined ? undefined : mosWord(mos);
  return (
    <Panel title={heading}>
      <Facts
        facts={[
          [
            'MOS (E-model)',
            mos === undefined || said === undefined ? (
              <Text key="mos">{null}</Text>
            ) : (
              <span key="mos" class="row">
                <strong>{decimalText(mos, 2)}</strong>
                <Badge state={said.word} tone={said.tone} text={said.word} />
              </span>
            ),
          ],
          ['Codec', <Text key="codec">{stats.codec}</Text>],
          ['Loss', stats.lossPercent === undefined ? '–' : `${decimalText(stats.lossPercent, 2)} %`],
          ['Jitter', `${decimalText(stats.jitterMs, 1)} ms`],
          ['Round trip', stats.rttMs === undefined ? '–' : `${Math.round(stats.rttMs)} ms`],
          ['Packets in, lost', `${stats.packetsReceived}, ${stats.packetsLost}`],
          ['Packets out', String(stats.packetsSent)],
        ]}
      />
    </Panel>
  );
}

function Ledger({ ledger }: { readonly ledger: NonNullable<Detail['ledger']> }) {
  return (
    <Table
      caption="Ledger lines of the call; debits are positive, credits negative"
      columns={[
        {
          key: 'posted',
          heading: 'Posted',
          cell: ({ postedAt }) => <Time at={postedAt} />,
          sort: ({ postedAt }) => postedAt,
        },
        { key: 'kind', heading: 'Kind', cell: ({ kind }) => wordsOf(kind), sort: ({ kind }) => kind },
        {
          key: 'account',
          heading: 'Account',
          cell: ({ account, purpose }) => account ?? wordsOf(purpose),
          sort: ({ account }) => account,
        },
        {
          key: 'debit',
          heading: 'Debit',
          align: 'right',
          cell: ({ amountMicros, currency }) =>
            amountMicros >= 0 ? <Money micros={amountMicros} currency={currency} /> : '',
        },
        {
          key: 'credit',
          heading: 'Credit',
          align: 'right',
          cell: ({ amountMicros, currency }) =>
            amountMicros < 0 ? <Money micros={-amountMicros} currency={currency} /> : '',
        },
        {
          key: 'transaction',
          heading: 'Transaction',
          align: 'right',
          cell: ({ transactionId }) => transactionId,
        },
      ]}
      rows={ledger}
      keyOf={(line) => String(line.entryId ?? `${line.transactionId}/${ledger.indexOf(line)}`)}
      empty="Nothing is booked for this call"
      testId="ledger"
    />
  );
}

function OwnBids({ bids }: { readonly bids: NonNullable<Detail['bids']> }) {
  return (
    <Table
      caption="Your bids for this call"
      columns={[
        { key: 'bid', heading: 'Bid', cell: ({ bidId }) => <span class="mono">{bidId}</span> },
        {
          key: 'rank',
          heading: 'Rank',
          cell: ({ rank, ineligible }) => <Text>{rank ?? (ineligible && wordsOf(ineligible))}</Text>,
        },
        {
          key: 'offer',
          heading: 'Offered',
          align: 'right',
          cell: ({ price, offer }) => <Money micros={offer ?? price} />,
        },
      ]}
      rows={bids}
      keyOf={({ bidId }) => bidId}
      empty="None of your bids was looked at"
    />
  );
}
