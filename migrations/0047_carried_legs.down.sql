alter table calls drop column carried;
