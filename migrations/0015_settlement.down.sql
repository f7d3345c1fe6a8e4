drop index settlements_by_time;
drop index outbox_late;
drop table settlement_differences, settlement_history;
alter table outbox drop column rounds;
alter table settlements drop column fees, drop column taxes, drop column carrier_cost, drop column held,
  drop column priced, drop column earned, drop column lines;
