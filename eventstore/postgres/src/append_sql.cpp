#include "schema_sql.hpp"

namespace annals::internal {

// One call records a group of appends, each with an outcome of its own (AppendOutcome in
// append_call.hpp). The lock is held until the commit, so positions are given out in commit order
// and nobody sees one before those below it.
//
//   a_  one element for each append    c_  for each check        k_  for each condition
//   i_  for each item of a condition   g_  for each event of the group that a condition matches
//   e_  for each event; none where all would be null
//
// Counts say how many of the next kind belong to one.
//
// Streams are numbers: their place in stream_names. Lists of names are texts, one name a line.
const char* const append_sql = R"sql(
CREATE FUNCTION @schema.append(
  now_given bigint, skew_max bigint, accept_behind boolean, oldest_attempt bigint,
  stream_names text[], a_attempt bigint[],
  a_id uuid[], a_digest uuid[], a_bytes bigint[], a_known bigint[],
  a_events integer[], a_checks integer[], a_conditions integer[],
  c_stream integer[], c_kind integer[], c_version bigint[],
  k_after bigint[], k_items integer[], k_matches integer[],
  i_streams text[], i_categories text[], i_types text[], i_tags text[],
  g_event integer[],
  e_stream integer[], e_hash bytea[], e_id uuid[], e_id_given boolean[], e_type text[],
  e_schema bigint[], e_content smallint[], e_known bigint[], e_effective bigint[], e_tags text[],
  e_correlation text[], e_causation text[], e_actor text[], e_trace text[],
  e_origin_store uuid[], e_origin_position bigint[], e_metadata bytea[], e_data bytea[],
  OUT head_before bigint, OUT last_recorded bigint, OUT recorded bigint, OUT versions_before bigint[],
  OUT outcomes integer[], OUT details bigint[], OUT actuals bigint[], OUT links bytea,
  OUT attempt_now bigint)
LANGUAGE plpgsql VOLATILE AS $$
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
  recorded_le bytea;
  versions bigint[];
  known_ids integer[];
  given_up_ids integer[];
  first_matches bigint[];
  e_version bigint[];
  e_position bigint[];
  a_first bigint[];
  a_link bytea[];
  a_total_streams bigint[];
  a_total_bytes bigint[];
  accepted integer[] := '{}';
  outcome integer;
  detail bigint;
  actual bigint;
  wanted bigint;
  at_event integer := 0;
  at_check integer := 0;
  at_condition integer := 0;
  at_match integer := 0;
  last_match integer;
  new_version bigint;
  place integer;
  linked bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(@lock);

  SELECT a.first_position + a.event_count - 1, a.link, a.recorded_at, a.appends, a.streams, a.bytes
    INTO head, link_now, last_recorded, total_appends, total_streams, total_bytes
    FROM @schema.appends a ORDER BY a.first_position DESC LIMIT 1;
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
  -- Links are made over little-endian numbers.
  recorded_le := int8send(((recorded & 255) << 56) | (((recorded >> 8) & 255) << 48)
    | (((recorded >> 16) & 255) << 40) | (((recorded >> 24) & 255) << 32)
    | (((recorded >> 32) & 255) << 24) | (((recorded >> 40) & 255) << 16)
    | (((recorded >> 48) & 255) << 8) | ((recorded >> 56) & 255));

  SELECT coalesce(array_agg(coalesce(l.version, -1) ORDER BY s.place), '{}') INTO versions
    FROM unnest(stream_names) WITH ORDINALITY AS s(name, place)
    LEFT JOIN LATERAL (SELECT e.version FROM @schema.events e WHERE e.stream = s.name
                       ORDER BY e.version DESC LIMIT 1) AS l ON true;
  versions_before := versions;

  -- One look for each, whatever the planner believes of a table that has just been empty.
  SELECT array_agg(i.place) INTO known_ids FROM unnest(a_id) WITH ORDINALITY AS i(id, place)
    CROSS JOIN LATERAL (SELECT 1 FROM @schema.appends a WHERE a.id = i.id LIMIT 1) AS known;
  IF EXISTS (SELECT FROM @schema.given_up g WHERE g.attempt > oldest_attempt) THEN
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
  a_first := array_fill(NULL::bigint, ARRAY[appends_n]);
  a_link := array_fill(NULL::bytea, ARRAY[appends_n]);
  a_total_streams := a_first;
  a_total_bytes := a_first;
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
        wanted := c_kind[c];
        IF (wanted = 0 AND actual <> c_version[c]) OR (wanted = 1 AND actual >= 0)
           OR (wanted = 2 AND actual < 0) THEN
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

    IF outcome = 0 AND a_events[a] > 0 THEN
      a_first[a] := head + 1;
      FOR e IN at_event + 1 .. at_event + a_events[a] LOOP
        place := e_stream[e];
        new_version := versions[place] + 1;
        versions[place] := new_version;
        IF new_version = 0 THEN total_streams := total_streams + 1; END IF;
        head := head + 1;
        e_version[e] := new_version;
        e_position[e] := head;
      END LOOP;
      IF a_events[a] = 1 THEN
        linked := int8send(((new_version & 255) << 56) | (((new_version >> 8) & 255) << 48)
          | (((new_version >> 16) & 255) << 40) | (((new_version >> 24) & 255) << 32)
          | (((new_version >> 32) & 255) << 24) | (((new_version >> 40) & 255) << 16)
          | (((new_version >> 48) & 255) << 8) | ((new_version >> 56) & 255)) || e_hash[at_event + 1];
      ELSE
        SELECT string_agg(int8send(((u.v & 255) << 56) | (((u.v >> 8) & 255) << 48)
            | (((u.v >> 16) & 255) << 40) | (((u.v >> 24) & 255) << 32)
            | (((u.v >> 32) & 255) << 24) | (((u.v >> 40) & 255) << 16)
            | (((u.v >> 48) & 255) << 8) | ((u.v >> 56) & 255)) || u.h, ''::bytea ORDER BY u.place)
          INTO linked
          FROM unnest(e_version[at_event + 1 : at_event + a_events[a]],
                      e_hash[at_event + 1 : at_event + a_events[a]]) WITH ORDINALITY
            AS u(v, h, place);
      END IF;
      detail := a_first[a];
      link_now := sha256(link_now || uuid_send(a_id[a])
        || int8send(((detail & 255) << 56) | (((detail >> 8) & 255) << 48)
          | (((detail >> 16) & 255) << 40) | (((detail >> 24) & 255) << 32)
          | (((detail >> 32) & 255) << 24) | (((detail >> 40) & 255) << 16)
          | (((detail >> 48) & 255) << 8) | ((detail >> 56) & 255))
        || recorded_le
        || int4send(((a_events[a] & 255) << 24) | (((a_events[a] >> 8) & 255) << 16)
          | (((a_events[a] >> 16) & 255) << 8) | ((a_events[a] >> 24) & 255))
        || linked);
      total_bytes := total_bytes + a_bytes[a];
      a_total_streams[a] := total_streams;
      a_total_bytes[a] := total_bytes;
      accepted := accepted || a;
    END IF;
    a_link[a] := link_now;
    at_event := at_event + a_events[a];
    outcomes[a] := outcome;
  END LOOP;

  IF cardinality(accepted) > 0 THEN
    INSERT INTO @schema.appends (first_position, event_count, id, digest, recorded_at, link, appends,
                                 streams, bytes)
      SELECT a_first[t.a], a_events[t.a], a_id[t.a], a_digest[t.a], recorded, a_link[t.a],
             total_appends + t.place, a_total_streams[t.a], a_total_bytes[t.a]
        FROM unnest(accepted) WITH ORDINALITY AS t(a, place);
    INSERT INTO @schema.events (position, version, recorded_at, known_at, effective_at, id,
                                schema_version, content_type, id_given, stream, category, type, tags,
                                correlation_id, causation_id, actor, traceparent, origin_store,
                                origin_position, metadata, data)
      -- By subscripts: unnest() would store each column by itself first.
      SELECT e_position[e], e_version[e], recorded, e_known[e], e_effective[e], e_id[e], e_schema[e],
             e_content[e], e_id_given[e], stream_names[e_stream[e]],
             split_part(stream_names[e_stream[e]], '-', 1), e_type[e], e_tags[e], e_correlation[e],
             e_causation[e], e_actor[e], e_trace[e], e_origin_store[e], e_origin_position[e],
             e_metadata[e], e_data[e]
        FROM generate_series(1, events_n) AS e WHERE e_position[e] IS NOT NULL;
    INSERT INTO @schema.event_tags (tag, position)
      SELECT t.tag, e_position[e] FROM generate_series(1, cardinality(e_tags)) AS e
        CROSS JOIN LATERAL unnest(string_to_array(e_tags[e], E'\n')) AS t(tag)
        WHERE e_position[e] IS NOT NULL AND e_tags[e] IS NOT NULL;
  END IF;
  SELECT string_agg(u.link, ''::bytea ORDER BY u.place) INTO links
    FROM unnest(a_link) WITH ORDINALITY AS u(link, place);
  SELECT s.last_value INTO attempt_now FROM @schema.attempts s;
END $$;
)sql";

}  // namespace annals::internal
