drop index postbacks_by_name, postbacks_by_created;
