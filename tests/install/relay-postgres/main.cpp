// A program that needs only this place: no server answers here, and that is a value.
#include <cstdio>

#include <annals/relay/postgres_relay_checkpoints.hpp>

int main() {
  const auto place = annals::open_postgres_relay_checkpoints(
      {.url = "postgres://nobody:secret@127.0.0.1:1/nothing"});
  if (place) return 1;
  std::printf("%s\n", to_string(place.error()).c_str());
  return place.error().code == annals::ErrorCode::unavailable ? 0 : 1;
}
