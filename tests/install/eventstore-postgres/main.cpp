// A program that needs only this engine: no server answers here, and that is a value.
#include <cstdio>

#include <annals/eventstore/postgres_event_store.hpp>

int main() {
  const auto store =
      annals::open_postgres_event_store({.url = "postgres://nobody:secret@127.0.0.1:1/nothing",
                                         .patience = std::chrono::milliseconds(1)});
  if (store) return 1;
  std::printf("%s\n", to_string(store.error()).c_str());
  return store.error().code == annals::ErrorCode::unavailable &&
                 store.error().message.find("secret") == std::string::npos
             ? 0
             : 1;
}
