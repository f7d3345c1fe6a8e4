drop table reconciliation_differences, reconciliations, carrier_cdrs, carrier_cdr_files, carrier_cdr_profiles;
