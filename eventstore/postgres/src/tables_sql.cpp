#include "schema_sql.hpp"

namespace annals::internal {

// Times are microseconds since 1970 in UTC. Texts compare byte by byte, whatever the database's
// language. Rows of appends, events and event_tags are added and never changed: a program's role
// needs no right to.
const char* const tables_sql = R"sql(
CREATE TABLE @schema.store (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  schema_version integer NOT NULL,
  store uuid NOT NULL
);

CREATE TABLE @schema.eras (
  era integer PRIMARY KEY,
  begins_after bigint NOT NULL
);

CREATE TABLE @schema.appends (
  first_position bigint PRIMARY KEY,
  event_count integer NOT NULL CHECK (event_count > 0),
  id uuid NOT NULL UNIQUE,
  digest uuid NOT NULL,
  recorded_at bigint NOT NULL,
  link bytea NOT NULL CHECK (octet_length(link) = 32),
  -- Of the store up to here, so that nobody has to count.
  appends bigint NOT NULL,
  streams bigint NOT NULL,
  bytes bigint NOT NULL
);

CREATE TABLE @schema.events (
  position bigint PRIMARY KEY,
  version bigint NOT NULL,
  recorded_at bigint NOT NULL,
  known_at bigint,
  effective_at bigint,
  id uuid NOT NULL,
  schema_version bigint NOT NULL,
  content_type smallint NOT NULL,
  id_given boolean NOT NULL,
  stream text COLLATE "C" NOT NULL,
  category text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  tags text COLLATE "C",  -- Sorted, one a line.
  correlation_id text COLLATE "C",
  causation_id text COLLATE "C",
  actor text COLLATE "C",
  traceparent text COLLATE "C",
  origin_store uuid,
  origin_position bigint,
  metadata bytea,
  data bytea NOT NULL,
  UNIQUE (stream, version)
);
CREATE INDEX events_by_category ON @schema.events (category, position);
CREATE INDEX events_by_type ON @schema.events (type, position);

CREATE TABLE @schema.event_tags (
  tag text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (tag, position)
);

CREATE TABLE @schema.snapshots (
  stream text COLLATE "C" NOT NULL,
  fingerprint bigint NOT NULL,
  version bigint NOT NULL,
  position bigint NOT NULL,
  link bytea NOT NULL,
  saved bigint GENERATED ALWAYS AS IDENTITY,
  data bytea NOT NULL,
  PRIMARY KEY (stream, fingerprint, version)
);

-- Attempts with this id that began before attempt number `attempt` are refused: see find_append().
-- Logged: an attempt that waits in its client for a session outlives a crash of the server.
CREATE SEQUENCE @schema.attempts;
SELECT nextval('@schema.attempts');
CREATE TABLE @schema.given_up (
  id uuid PRIMARY KEY,
  attempt bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX given_up_by_attempt ON @schema.given_up (attempt);
)sql";

}  // namespace annals::internal
