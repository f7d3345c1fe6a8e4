/**
 * A part of a statement: tells by the outbox that deliveries of webhooks are dead, once an hour of each webhook.
 * @param dead - a query of `postback_id`, and of `why`
 */
export function tellOfDead(dead: string): string {
  return `insert into outbox (type, subject, payload, done_at)
      select 'webhook.dead', p.id || ':' || to_char(now() at time zone 'UTC', 'YYYYMMDDHH24'),
        json_build_object('webhookId', p.id, 'accountId', p.account_id, 'why', left(n.why, 200)), now()
      from (select postback_id, max(why) as why from (${dead}) d group by postback_id) as n
        join postbacks p on p.id = n.postback_id
      on conflict (type, subject) do nothing`;
}
