import type { LiveAlert } from '../live/board';
import { moneyText, percentText, shortId, wordsOf } from './format';
import { hrefOf } from './router';

/** An alert as people read it: what happened, what to do about it, and where. */
export interface AlertText {
  readonly title: string;
  readonly text: string;
  readonly links: readonly { readonly href: string; readonly label: string }[];
}

type Link = AlertText['links'][number];
type Teller = (
  alert: LiveAlert,
  names: AlertNames,
) => { title: string; text: string; links: (Link | undefined)[] };

/** How accounts are called. */
export interface AlertNames {
  accountName(id: string): string;
}

const callLink = ({ callId }: LiveAlert): Link | undefined =>
  callId === undefined
    ? undefined
    : { href: hrefOf(`/calls/${encodeURIComponent(callId)}`), label: 'Open the call' };
const walletLink = ({ accountId, currency }: LiveAlert): Link | undefined =>
  accountId === undefined
    ? undefined
    : { href: hrefOf(`/wallets/${encodeURIComponent(accountId)}`, { currency }), label: 'Open the wallet' };
const bidLink = ({ bidId }: LiveAlert): Link | undefined =>
  bidId === undefined
    ? undefined
    : { href: hrefOf(`/bids/${encodeURIComponent(bidId)}`), label: 'Open the bid' };
const targetLink = ({ targetId }: LiveAlert): Link | undefined =>
  targetId === undefined
    ? undefined
    : { href: hrefOf(`/targets/${encodeURIComponent(targetId)}`), label: 'Open the target' };

const amountOf = ({ amountMicros, currency }: LiveAlert): string | undefined =>
  amountMicros === undefined ? undefined : moneyText(amountMicros, currency);
const walletOf = ({ accountId }: LiveAlert, { accountName }: AlertNames): string =>
  accountId === undefined ? 'A wallet' : `The wallet of ${accountName(accountId)}`;

const TEXTS: Readonly<Record<string, Teller>> = {
  'part.degraded': ({ part, nodeId }) => ({
    title: `${part === undefined ? 'A part' : wordsOf(part)} is away${nodeId === undefined ? '' : ` for node ${shortId(nodeId)}`}`,
    text: 'Calls go on by what stands in for it. Bring it back; this message goes by itself then.',
    links: [],
  }),
  'media.server_away': (alert) => ({
    title: `${alert.server === undefined ? 'A media server' : `Media server ${alert.server}`} is away${alert.nodeId === undefined ? '' : ` for node ${shortId(alert.nodeId)}`}`,
    text: `${sentenceOf(alert.detail)} Its calls have ended, unless only the way there is broken; new ones go to the others. Start it again, or mend that way.`,
    links: [],
  }),
  'media.servers_away': (alert) => ({
    title: `No media server takes calls${alert.nodeId === undefined ? '' : ` of node ${shortId(alert.nodeId)}`}`,
    text: `${sentenceOf(alert.detail)} Calls that need one are refused until one is back.`,
    links: [],
  }),
  'call.one_way_audio': (alert) => ({
    title: 'Only one side of a call is heard',
    text: `${sentenceOf(alert.detail)} Look at the audio of both legs: mostly it is a firewall or NAT on the side that is silent.`,
    links: [callLink(alert)],
  }),
  'bidder.paused': (alert) => ({
    title: 'A bidding server fails',
    text: 'It is not asked for a while, and its bid takes no calls meanwhile. Have its owner look at its address and its speed.',
    links: [bidLink(alert)],
  }),
  'fraud.case_opened': (alert) => ({
    title: 'A call looks like fraud',
    text: `${alert.score === undefined ? 'It' : `It scored ${percentText(alert.score, 0)}, and`} waits for a finding. Say what it was: its seller and its numbers are judged by that.`,
    links: [callLink(alert), { href: hrefOf('/fraud', { state: 'open' }), label: 'Open cases' }],
  }),
  'wallet.low': (alert, names) => ({
    title: `${walletOf(alert, names)} runs low`,
    text: `${alert.amountMicros === undefined ? 'Little' : amountOf(alert)} is left. Money must come in before it covers no calls.`,
    links: [walletLink(alert)],
  }),
  'wallet.stopped': (alert, names) => ({
    title: `${walletOf(alert, names)} covers no calls`,
    text: 'None is offered to its buyers until money comes in, or its limit is raised.',
    links: [walletLink(alert)],
  }),
  'wallet.overrun': (alert, names) => ({
    title: 'A call cost more than was held for it',
    text: `${walletOf(alert, names)} is charged all the same${alert.amountMicros === undefined ? '' : `; ${amountOf(alert) ?? ''} was held`}. See whether the plan of the bid charges more than was foreseen.`,
    links: [callLink(alert), walletLink(alert)],
  }),
  'payment.failed': (alert, { accountName }) => ({
    title: `A payment${alert.accountId === undefined ? '' : ` of ${accountName(alert.accountId)}`} failed`,
    text: `${amountOf(alert) ?? 'The money'} did not come in. Ask for another card, or for a transfer.`,
    links: [walletLink(alert)],
  }),
  'dispute.opened': (alert, { accountName }) => ({
    title: `${alert.accountId === undefined ? 'A party' : accountName(alert.accountId)} disputes the money of a call`,
    text: `${amountOf(alert) ?? 'Its amount'} is at stake. Look at the call and decide before the time for it is over.`,
    links: [callLink(alert)],
  }),
  'webhook.dead': (alert, { accountName }) => ({
    title: `A webhook${alert.accountId === undefined ? '' : ` of ${accountName(alert.accountId)}`} could not be delivered`,
    text: `${sentenceOf(alert.detail)} No more tries are made: have its receiver mended, then send it again from the dead deliveries.`,
    links: [],
  }),
  'recording.failed': (alert) => ({
    title: 'A recording is lost',
    text: `${sentenceOf(alert.detail)} The call went on. See that the disk of its node has room and is quick enough.`,
    links: [callLink(alert)],
  }),
  'dialplan.refused': (alert) => ({
    title: 'A dialplan cannot be used as it is',
    text: `${sentenceOf(alert.detail)} Calls take the version before, where there is one, else none: mend it and publish it again.`,
    links: [{ href: hrefOf('/dialplans'), label: 'Open the dialplans' }],
  }),
  'target.paused': (alert, { accountName }) => ({
    title: `A target${alert.accountId === undefined ? '' : ` of ${accountName(alert.accountId)}`} does not answer, and is paused`,
    text: `${sentenceOf(alert.detail)} It takes calls again once the pause is over; see that somebody answers there until then.`,
    links: [targetLink(alert)],
  }),
};

/** Kinds of alerts that have a text of their own; others are told by the clause that comes with them. */
export const ALERT_TEXTS: readonly string[] = Object.keys(TEXTS);

export function alertText(alert: LiveAlert, names: AlertNames): AlertText {
  const told = TEXTS[alert.code]?.(alert, names) ?? {
    title: wordsOf(alert.code.replaceAll('.', ' ')),
    text: sentenceOf(alert.detail),
    links: [callLink(alert), targetLink(alert), bidLink(alert), walletLink(alert)],
  };
  return { ...told, links: told.links.filter((link) => link !== undefined) };
}

function sentenceOf(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return first === '' || /[.!?]$/.test(first) ? first : `${first}.`;
}
