#pragma once

namespace annals::testkit::read_model_contract {

// One for each file of tests: a static library's file that nobody calls is not linked.
void link_columns();
void link_commits();
void link_hand_written();
void link_leases();
void link_parked();
void link_partitions();
void link_reads();
void link_shadows();
void link_waits();

}  // namespace annals::testkit::read_model_contract
