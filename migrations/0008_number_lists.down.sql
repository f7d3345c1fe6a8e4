drop table number_list_segments;
drop table number_list_versions;
