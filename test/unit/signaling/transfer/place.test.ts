import type { Agent, Target, Team } from '../../../../src/domain';
import { findPlace } from '../../../../src/signaling/transfer/place';
import { agentOf, directoryOf, targetOf, teamOf } from './stage';

const ann: Agent = agentOf('ann', 'buyer-1');
const gone: Agent = { ...agentOf('gone', 'buyer-1'), status: 'disabled' };
const digits: Agent = agentOf('2125550177', 'buyer-1');
const stranger: Agent = agentOf('stranger', 'buyer-2');
const sales: Team = teamOf('sales', 'buyer-1');
const theirs: Team = teamOf('theirs', 'buyer-2');
const hall: Target = targetOf('hall', 'buyer-1', 'sip', 'sip:hall@192.0.2.7:5070;transport=tcp');
const number: Target = targetOf('number', 'buyer-1', 'pstn', 'sip:+12125550188@carrier.example');
const paused: Target = {
  ...targetOf('paused', 'buyer-1', 'pstn', 'sip:+12125550199@carrier.example'),
  status: 'paused',
};
const desk: Target = targetOf('desk', 'buyer-1', 'softphone', 'team:sales');
const foreign: Target = targetOf('foreign', 'buyer-2', 'sip', 'sip:them@198.51.100.1');
const directory = directoryOf(
  [ann, gone, digits, stranger],
  [sales, theirs],
  [hall, number, paused, desk, foreign],
);

const agents = (kind: string, id: string, targetId?: string) => ({
  kind: 'agents',
  group: { kind, id },
  targetId,
});

test.each([
  ['an agent', 'sip:ann@dce.invalid', agents('agent', 'agent-ann')],
  ['an agent in other letters', 'SIP:Ann@DCE.invalid;transport=ws', agents('agent', 'agent-ann')],
  ['an agent at the address of a node', 'sip:ann@192.0.2.50:5060', agents('agent', 'agent-ann')],
  ['an agent at one of IPv6', 'sip:ann@[2001:db8::5]', agents('agent', 'agent-ann')],
  ['an agent whose name is a number', 'sip:2125550177@dce.invalid', agents('agent', 'agent-2125550177')],
  ['a team', 'sip:team~sales@dce.invalid', agents('team', 'sales')],
  ['a target', 'sip:target~hall@dce.invalid', { kind: 'target', target: hall }],
  ['a target of people', 'sip:target~desk@dce.invalid', agents('team', 'sales', 'desk')],
  ['the URI of a target', 'sip:hall@192.0.2.7:5070;transport=tcp', { kind: 'target', target: hall }],
  ['the number of a target', 'sip:12125550188@dce.invalid', { kind: 'target', target: number }],
  ['a telephone URI', 'tel:+1-212-555-0188', { kind: 'target', target: number }],
])('%s is found', (_what, uri, place) => {
  expect(findPlace(uri, 'buyer-1', 'dce.invalid', directory)).toEqual({ ok: true, place });
});

test.each([
  ['nobody', 'sip:nobody@dce.invalid', 404],
  ['an agent who is disabled', 'sip:gone@dce.invalid', 404],
  ["another buyer's agent", 'sip:stranger@dce.invalid', 404],
  ["another buyer's team", 'sip:team~theirs@dce.invalid', 404],
  ["another buyer's target", 'sip:target~foreign@dce.invalid', 404],
  ["the URI of another buyer's target", 'sip:them@198.51.100.1', 404],
  ['a target that is paused', 'sip:target~paused@dce.invalid', 404],
  ['the number of a target that is paused', 'sip:+12125550199@dce.invalid', 403],
  ['any other number', 'sip:+19005550100@dce.invalid', 403],
  ['an agent at another domain', 'sip:ann@elsewhere.example', 403],
  ['a URI without a user', 'sip:dce.invalid', 404],
])('%s is not', (_what, uri, status) => {
  expect(findPlace(uri, 'buyer-1', 'dce.invalid', directory)).toEqual({ ok: false, status });
});
