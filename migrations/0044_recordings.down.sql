drop table recordings;
drop function lets_listen(text, text);
update market_history set value = value - 'recording' where value is not null and entity in ('campaign', 'buyer');
alter table buyers drop column recording;
alter table campaigns drop column recording;
