alter table calls drop column transfers;
alter table nodes drop column sip_address;
