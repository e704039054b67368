#pragma once

namespace annals::testkit::contract {

// One for each file of tests: a static library's file that nobody calls is not linked.
void link_appends();
void link_as_of();
void link_async();
void link_conditions();
void link_hashes();
void link_limits();
void link_queries();
void link_reads();
void link_repeats();
void link_snapshots();
void link_subscriptions();
void link_times();

}  // namespace annals::testkit::contract
