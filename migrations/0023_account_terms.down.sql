drop table account_terms;
