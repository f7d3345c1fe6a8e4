drop table test_calls;
