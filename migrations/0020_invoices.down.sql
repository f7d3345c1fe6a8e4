drop table billing_document_files, billing_document_transactions, billing_document_lines, billing_documents,
  billing_document_chains, billing_document_numbers, invoice_profiles;
drop function check_credited, check_document, keep_document_sealed, count_on;
