delete from market_history where entity in ('prior', 'model');
drop table fraud_models;
drop table fraud_priors;
drop table fraud_sums;
drop table fraud_cases;
