/**
 * SQL of the rule by which a call's tax was reckoned, as a row `(rate, taxed)`: the terms of the account in
 * force when the call was answered say it.
 *
 * @param at - SQL of UTC epoch milliseconds
 */
export const taxRule = (accountId: string, at: string, code: string): string => `
  select (x ->> 'ratePpm')::bigint as rate, x -> 'on' as taxed
  from (
    select t.taxes from account_terms t where t.account_id = ${accountId} and t.effective_from <= ${at}
    order by t.effective_from desc, t.id desc limit 1) in_force
  cross join lateral jsonb_array_elements(in_force.taxes) as x
  where x ->> 'code' = ${code} limit 1`;

/** SQL of the key of a tax's line. */
export const taxKey = (code: string, rate: string): string =>
  `'tax/' || ${code} || coalesce('/' || ${rate}, '')`;
