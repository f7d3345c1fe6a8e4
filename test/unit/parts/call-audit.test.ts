import { auditCall } from '../../../src/parts/call-audit';
import type { AuditEntry } from '../../../src/storage';

test('a phone that was not answered is an entry of who wanted to listen, and nothing else of calls is', () => {
  const entries: AuditEntry[] = [];
  const trail = { record: (entry: AuditEntry) => entries.push(entry) };
  const say = (event: object): void => auditCall(trail, { callId: 'c1', at: 5, ...event });
  const monitored = { type: 'call.monitored', accountId: 'buyer-1' };
  say({ ...monitored, mode: 'listen', by: 'user:eve' });
  say({ ...monitored, mode: 'ended', by: 'user:eve' });
  say({ type: 'call.held' });
  expect(entries).toEqual([]);
  say({ ...monitored, mode: 'failed', by: 'user:eve:two', detail: 'declined' });
  say({ ...monitored, mode: 'failed', by: 'a-key', detail: 'no_answer' });
  const what = { action: 'monitorCall.failed', subject: { kind: 'call', id: 'c1' }, status: 504 };
  expect(entries).toEqual([
    { ...what, actor: { kind: 'user', id: 'eve:two', accountId: 'buyer-1' }, reason: 'declined' },
    { ...what, actor: { kind: 'key', id: 'a-key', accountId: 'buyer-1' }, reason: 'no_answer' },
  ]);
});
