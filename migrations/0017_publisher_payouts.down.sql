drop table payout_items;
drop table payout_batches;
drop table payout_terms;
