#pragma once

namespace bank {

/// From now on SIGINT and SIGTERM do not end the program, but are told by interrupted().
void catch_interruptions();

bool interrupted();

}  // namespace bank
