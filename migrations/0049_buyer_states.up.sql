-- Where the people of a buyer take calls: the law of recording asks for it. Null: nobody has said.
alter table buyers add column states text[]
  check (cardinality(states) between 1 and 64 and states::text ~ '^\{[A-Z]{2}(,[A-Z]{2})*\}$');
-- The past as well: columns that may be null are so there.
update market_history set value = value || '{"states": null}' where value is not null and entity = 'buyer';
