alter table calls drop column ladder;
