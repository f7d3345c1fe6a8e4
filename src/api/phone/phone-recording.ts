import { z } from 'zod';
import { notFound } from '../../domain';
import { getAgentCall } from '../../storage';
import { agentOf } from '../middleware/phone-session';
import type { CallControlDesk } from '../resources/call-control';
import { commandCall, liveRecording, shownRecording } from '../resources/call-control';
import { pauseSeconds, recordCommand } from '../resources/call-supervision';
import type { Route } from '../route';
import { route } from '../route';
import { id } from '../schemas';

const params = z.strictObject({ callId: id });
const action = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('pause'), seconds: pauseSeconds }),
  z.strictObject({ action: z.literal('resume') }),
]);

/** An agent leaves out of the recording of the call in hand what nobody is to keep: numbers of cards, say. */
export function phoneRecordingRoutes(calls: Pick<CallControlDesk, 'look' | 'control'>): Route[] {
  const shared = {
    tag: 'phone',
    scope: '',
    access: 'phone',
    params,
    path: '/phone/calls/:callId/recording',
    reply: liveRecording,
  } as const;
  return [
    route({
      ...shared,
      method: 'get',
      operationId: 'getPhoneRecording',
      summary: 'Whether the call in hand is being recorded',
      handle: async ({ db, request, params: { callId } }) => {
        const { agentId } = agentOf(request);
        const call = await calls.look(callId);
        if (call?.agentId === agentId) return { body: shownRecording(call.recording) };
        // Of one that is over, or was handed on, nothing is recorded that is the agent's.
        if (!(await getAgentCall(db, agentId, callId))) throw notFound('call', callId);
        return { body: shownRecording({ state: 'off' }) };
      },
    }),
    route({
      ...shared,
      method: 'post',
      operationId: 'pausePhoneRecording',
      summary: 'Leave out of the recording what is said now, or go on with it',
      audited: 'apart',
      problems: [409, 504],
      body: action,
      handle: async ({ request, params: { callId }, body }) => {
        const { agentId } = agentOf(request);
        if ((await calls.look(callId))?.agentId !== agentId) throw notFound('call', callId);
        const command = recordCommand(body, `agent:${agentId}`);
        const { recording } = await commandCall(calls, callId, command, undefined);
        return { body: shownRecording(recording) };
      },
    }),
  ];
}
