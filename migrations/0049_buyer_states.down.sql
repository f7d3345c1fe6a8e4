update market_history set value = value - 'states' where value is not null and entity = 'buyer';
alter table buyers drop column states;
