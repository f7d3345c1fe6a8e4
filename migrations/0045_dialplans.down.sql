update market_history set value = value - 'dialplan' where value is not null and entity in ('number', 'campaign');
alter table campaigns drop column dialplan;
alter table did_numbers drop column dialplan;
alter table dialplans drop constraint dialplans_latest_version, drop constraint dialplans_live_version;
drop table dialplan_versions;
drop table dialplans;
drop function tell_dialplan_change();
