#include "schema_sql.hpp"

namespace annals::internal {

// One call records a group of appends, each with an outcome of its own (AppendOutcome in
// append_call.hpp). The lock is held until the commit, so positions are given out in commit order
// and nobody sees one before those below it.
//
//   a_  one element for each append    c_  for each check        k_  for each condition
//   i_  for each item of a condition   g_  for each event of the group that a condition matches
//   e_  for each event                 t_  for each tag of an event
//   a_asked  the appends whose ids may be known already
//
// From a_known on, an array of which all would be null, or as it is of nearly all events, is empty.
//
// Counts say how many of the next kind belong to one; a_begin and c_before count what of the group
// comes earlier: events, and events of the check's stream. e_turn is the event's number among those
// of its stream.
//
// Streams are numbers: their place in stream_names. Lists of names are texts, one name a line.
//
// Nearly always all of a group hold, and then nothing is decided append by append. Arrays are read
// by subscripts, because unnest() would store each column by itself first; generate_series() gives
// its numbers in their order. Plans are kept whatever the number of elements: to make them anew for
// each call took longer than the work of a small one.
const char* const append_sql = R"sql(
-- Links are made over little-endian numbers, most of which are small.
CREATE OR REPLACE FUNCTION @schema.little_endian(number bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT int8send(CASE
    WHEN number < 0 OR number > 4294967295 THEN
      ((number & 255) << 56) | (((number >> 8) & 255) << 48)
      | (((number >> 16) & 255) << 40) | (((number >> 24) & 255) << 32)
      | (((number >> 32) & 255) << 24) | (((number >> 40) & 255) << 16)
      | (((number >> 48) & 255) << 8) | ((number >> 56) & 255)
    WHEN number > 65535 THEN
      ((number & 255) << 56) | (((number >> 8) & 255) << 48)
      | (((number >> 16) & 255) << 40) | ((number >> 24) << 32)
    ELSE ((number & 255) << 56) | ((number >> 8) << 48) END)
$$;

-- Whether a check is content with the last version of its stream, -1 if it has none.
CREATE OR REPLACE FUNCTION @schema.holds(kind integer, wanted bigint, last bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE kind WHEN 0 THEN last = wanted WHEN 1 THEN last < 0 WHEN 2 THEN last >= 0 ELSE true END
$$;

CREATE OR REPLACE FUNCTION @schema.append(
  now_given bigint, skew_max bigint, accept_behind boolean, oldest_attempt bigint,
  stream_names text[], a_attempt bigint[], a_asked integer[],
  a_id uuid[], a_digest uuid[], a_bytes integer[],
  a_events integer[], a_begin integer[], a_checks integer[], a_conditions integer[],
  c_stream integer[], c_before integer[], c_kind integer[], c_version bigint[],
  k_after bigint[], k_items integer[], k_matches integer[],
  i_streams text[], i_categories text[], i_types text[], i_tags text[],
  g_event integer[],
  e_stream integer[], e_turn integer[],
  a_known bigint[], e_hash bytea[], e_id uuid[], e_id_given boolean[], e_type text[], e_schema bigint[], e_content smallint[], e_known bigint[], e_effective bigint[],
  e_tags text[], e_correlation text[], e_causation text[], e_actor text[], e_trace text[],
  e_origin_store uuid[], e_origin_position bigint[], e_metadata bytea[], e_data bytea[],
  t_event integer[], t_tag text[],
  OUT head_before bigint, OUT last_recorded bigint, OUT recorded bigint, OUT versions_before bigint[],
  OUT outcomes integer[], OUT details bigint[], OUT actuals bigint[], OUT links bytea,
  OUT attempt_now bigint)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  appends_n integer := cardinality(a_id);
  events_n integer := cardinality(e_stream);
  head bigint;
  link_now bytea;
  total_appends bigint;
  total_streams bigint;
  total_bytes bigint;
  clock bigint;
  clock_behind boolean;
  versions bigint[];
  known_ids integer[];
  given_up_since boolean;
  given_up_ids integer[];
  first_matches bigint[];
  all_hold boolean;
  e_version bigint[];
  e_position bigint[];
  a_link bytea[];
  recorded_le bytea;
  first bigint;
  outcome integer;
  detail bigint;
  actual bigint;
  at_check integer := 0;
  at_condition integer := 0;
  at_match integer := 0;
  last_match integer;
  new_version bigint;
  place integer;
BEGIN
  -- As an expression: what is no statement of its own begins at once. So what nearly every call must
  -- know is asked in few statements, too.
  IF pg_advisory_xact_lock(@lock) IS NULL THEN
    RAISE 'the lock is never null';
  END IF;
  SELECT a.first_position + a.event_count - 1, a.link, a.recorded_at, a.appends, a.streams, a.bytes,
         ARRAY(SELECT coalesce((SELECT e.version FROM @schema.events e
                                 WHERE e.stream = stream_names[s] ORDER BY e.version DESC LIMIT 1), -1)
                 FROM generate_series(1, cardinality(stream_names)) AS s),
         EXISTS (SELECT FROM @schema.given_up g WHERE g.attempt > oldest_attempt),
         (SELECT s.last_value FROM @schema.attempts s)
    INTO head, link_now, last_recorded, total_appends, total_streams, total_bytes, versions,
         given_up_since, attempt_now
    FROM (SELECT) AS one LEFT JOIN LATERAL
         (SELECT * FROM @schema.appends x ORDER BY x.first_position DESC LIMIT 1) AS a ON true;
  IF head IS NULL THEN
    head := 0;
    total_appends := 0;
    total_streams := 0;
    total_bytes := 0;
    SELECT sha256('annals-1'::bytea || uuid_send(s.store)) INTO STRICT link_now
      FROM @schema.store s;
  END IF;
  head_before := head;
  clock := coalesce(now_given,
                    floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  clock_behind := NOT accept_behind AND coalesce(last_recorded - clock > skew_max, false);
  recorded := greatest(clock, last_recorded);
  recorded_le := @schema.little_endian(recorded);

  versions_before := versions;

  -- One look for each, whatever the planner believes of a table that has just been empty.
  IF cardinality(a_asked) > 0 THEN
    SELECT array_agg(i.a) INTO known_ids FROM unnest(a_asked) AS i(a)
      CROSS JOIN LATERAL (SELECT 1 FROM @schema.appends x WHERE x.id = a_id[i.a] LIMIT 1) AS known;
  END IF;
  IF given_up_since THEN
    SELECT array_agg(i.place) INTO given_up_ids
      FROM unnest(a_id, a_attempt) WITH ORDINALITY AS i(id, attempt, place)
      JOIN @schema.given_up g ON g.id = i.id WHERE g.attempt > i.attempt;
  END IF;

  IF cardinality(k_after) > 0 THEN
    -- What matches of all that was there before this group. Condition by condition, item by item.
    WITH condition AS (
      SELECT k.place, k.after, sum(k.items) OVER (ORDER BY k.place) - k.items AS items_before, k.items
        FROM unnest(k_after, k_items) WITH ORDINALITY AS k(after, items, place))
    SELECT array_agg((SELECT min(@schema.first_match(
                          string_to_array(i.streams, E'\n'), string_to_array(i.categories, E'\n'),
                          string_to_array(i.types, E'\n'), string_to_array(i.tags, E'\n'), c.after))
                        FROM unnest(i_streams, i_categories, i_types, i_tags) WITH ORDINALITY
                          AS i(streams, categories, types, tags, place)
                        WHERE i.place > c.items_before AND i.place <= c.items_before + c.items)
                     ORDER BY c.place)
      INTO first_matches FROM condition c;
  END IF;

  outcomes := array_fill(0, ARRAY[appends_n]);
  details := array_fill(0::bigint, ARRAY[appends_n]);
  actuals := array_fill(0::bigint, ARRAY[appends_n]);
  SELECT known_ids IS NULL AND given_up_ids IS NULL AND NOT clock_behind AND cardinality(k_after) = 0
           AND NOT EXISTS (SELECT FROM generate_series(1, cardinality(a_known)) AS a
                             WHERE a_known[a] - recorded > skew_max)
           AND NOT EXISTS (SELECT FROM generate_series(1, cardinality(c_stream)) AS c
                             WHERE NOT @schema.holds(c_kind[c], c_version[c],
                                                     versions[c_stream[c]] + c_before[c])),
         ARRAY(SELECT versions[e_stream[e]] + e_turn[e] FROM generate_series(1, events_n) AS e),
         ARRAY(SELECT head + e FROM generate_series(1, events_n) AS e)
    INTO all_hold, e_version, e_position;
  IF NOT all_hold THEN
    e_version := array_fill(NULL::bigint, ARRAY[events_n]);
    e_position := e_version;
    FOR a IN 1 .. appends_n LOOP
      outcome := 0;
      IF known_ids IS NOT NULL AND a = ANY (known_ids) THEN
        outcome := 1;
      ELSIF given_up_ids IS NOT NULL AND a = ANY (given_up_ids) THEN
        outcome := 2;
      ELSIF clock_behind AND a_events[a] > 0 THEN
        outcome := 3;
        details[a] := clock;
      ELSIF a_known[a] - recorded > skew_max THEN
        outcome := 4;
      END IF;

      IF outcome = 0 THEN
        FOR c IN at_check + 1 .. at_check + a_checks[a] LOOP
          actual := versions[c_stream[c]];
          IF NOT @schema.holds(c_kind[c], c_version[c], actual) THEN
            outcome := 5;
            details[a] := c - at_check - 1;
            actuals[a] := actual;
            EXIT;
          END IF;
        END LOOP;
      END IF;
      at_check := at_check + a_checks[a];

      FOR k IN at_condition + 1 .. at_condition + a_conditions[a] LOOP
        last_match := at_match + k_matches[k];
        IF outcome = 0 THEN
          IF k_after[k] > head THEN
            outcome := 6;
            details[a] := k - at_condition - 1;
            actuals[a] := head;
          ELSIF first_matches[k] IS NOT NULL THEN
            outcome := 7;
            details[a] := k - at_condition - 1;
            actuals[a] := first_matches[k];
          ELSE
            FOR g IN at_match + 1 .. last_match LOOP
              detail := e_position[g_event[g]];
              IF detail > k_after[k] THEN  -- Null: that append was refused.
                outcome := 7;
                details[a] := k - at_condition - 1;
                actuals[a] := detail;
                EXIT;
              END IF;
            END LOOP;
          END IF;
        END IF;
        at_match := last_match;
      END LOOP;
      at_condition := at_condition + a_conditions[a];

      IF outcome = 0 THEN
        FOR e IN a_begin[a] + 1 .. a_begin[a] + a_events[a] LOOP
          place := e_stream[e];
          new_version := versions[place] + 1;
          versions[place] := new_version;
          head := head + 1;
          e_version[e] := new_version;
          e_position[e] := head;
        END LOOP;
      END IF;
      outcomes[a] := outcome;
    END LOOP;
  END IF;

  -- In few statements for each append: most of what a link costs is not its hash.
  a_link := array_fill(NULL::bytea, ARRAY[appends_n]);
  FOR a IN 1 .. appends_n LOOP
    place := a_begin[a] + 1;
    first := e_position[place];  -- Null: it was refused, and so is the link.
    IF a_events[a] = 1 THEN
      new_version := e_version[place];
      link_now := coalesce(
        sha256(link_now || uuid_send(a_id[a]) || @schema.little_endian(first) || recorded_le
               || '\x01000000'::bytea || @schema.little_endian(new_version) || e_hash[place]),
        link_now);
    ELSIF a_events[a] > 1 AND first IS NOT NULL THEN
      link_now := sha256(
        link_now || uuid_send(a_id[a]) || @schema.little_endian(first) || recorded_le
        || substr(@schema.little_endian(a_events[a]), 1, 4)
        || (SELECT string_agg(@schema.little_endian(e_version[e]) || e_hash[e], ''::bytea)
              FROM generate_series(place, place + a_events[a] - 1) AS e));
    END IF;
    a_link[a] := link_now;
  END LOOP;
  links := (SELECT string_agg(a_link[a], ''::bytea) FROM generate_series(1, appends_n) AS a);

  INSERT INTO @schema.appends (first_position, event_count, id, digest, recorded_at, link, appends,
                               streams, bytes)
    SELECT e_position[a_begin[a] + 1], a_events[a], a_id[a], a_digest[a], recorded, a_link[a],
           total_appends + count(*) OVER so_far,
           total_streams + sum(CASE a_events[a]
               WHEN 1 THEN (e_version[a_begin[a] + 1] = 0)::integer
               ELSE (SELECT count(*)::integer
                       FROM generate_series(a_begin[a] + 1, a_begin[a] + a_events[a]) AS e
                       WHERE e_version[e] = 0)
             END) OVER so_far,
           total_bytes + sum(a_bytes[a]) OVER so_far
      FROM generate_series(1, appends_n) AS a
      WHERE a_events[a] > 0 AND e_position[a_begin[a] + 1] IS NOT NULL
      WINDOW so_far AS (ROWS UNBOUNDED PRECEDING);
  INSERT INTO @schema.events (position, version, recorded_at, known_at, effective_at, id,
                              schema_version, content_type, id_given, stream, category, type, tags,
                              correlation_id, causation_id, actor, traceparent, origin_store,
                              origin_position, metadata, data)
    SELECT e_position[e], e_version[e], recorded, e_known[e], e_effective[e], e_id[e],
           coalesce(e_schema[e], 1), coalesce(e_content[e], 0), coalesce(e_id_given[e], false),
           stream_names[e_stream[e]], split_part(stream_names[e_stream[e]], '-', 1), e_type[e],
           e_tags[e], e_correlation[e], e_causation[e], e_actor[e], e_trace[e], e_origin_store[e],
           e_origin_position[e], e_metadata[e], e_data[e]
      FROM generate_series(1, events_n) AS e WHERE e_position[e] IS NOT NULL;
  IF cardinality(t_tag) > 0 THEN
    INSERT INTO @schema.event_tags (tag, position)
      SELECT t_tag[t], e_position[t_event[t]] FROM generate_series(1, cardinality(t_tag)) AS t
        WHERE e_position[t_event[t]] IS NOT NULL;
  END IF;
END $$;
)sql";

}  // namespace annals::internal
