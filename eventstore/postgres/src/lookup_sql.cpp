#include "schema_sql.hpp"

namespace annals::internal {

const char* const lookup_sql = R"sql(
-- The last version of `of_stream` at or before position `at`; -1 if there is none. Versions and
-- positions rise together, so it looks at few rows, whatever the stream's length.
CREATE FUNCTION @schema.version_at(of_stream text, at bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint := -1;
  high bigint;
  middle bigint;
  step bigint := 1;
  found_at bigint;
BEGIN
  SELECT e.version, e.position INTO high, found_at FROM @schema.events e
    WHERE e.stream = of_stream ORDER BY e.version DESC LIMIT 1;
  IF high IS NULL OR at <= 0 THEN RETURN -1; END IF;
  IF found_at <= at THEN RETURN high; END IF;
  high := high - 1;
  -- Most questions are about the end: first back from there in steps that double.
  WHILE low < high LOOP
    middle := greatest(high - step + 1, 0);
    SELECT e.position INTO found_at FROM @schema.events e
      WHERE e.stream = of_stream AND e.version = middle;
    IF found_at <= at THEN
      low := middle;
      EXIT;
    END IF;
    high := middle - 1;
    step := step * 2;
  END LOOP;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT e.position INTO found_at FROM @schema.events e
      WHERE e.stream = of_stream AND e.version = middle;
    IF found_at <= at THEN low := middle; ELSE high := middle - 1; END IF;
  END LOOP;
  RETURN low;
END $$;

-- The last position recorded at time `wanted` or before; 0 if there is none. Times and positions
-- rise together, so an index by time would only cost.
CREATE FUNCTION @schema.last_at(wanted bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint := 0;
  high bigint;
  middle bigint;
  at_hand record;
BEGIN
  SELECT a.first_position, a.event_count, a.recorded_at INTO at_hand FROM @schema.appends a
    ORDER BY a.first_position DESC LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  IF at_hand.recorded_at <= wanted THEN RETURN at_hand.first_position + at_hand.event_count - 1; END IF;
  high := at_hand.first_position - 1;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT a.first_position, a.event_count, a.recorded_at INTO at_hand FROM @schema.appends a
      WHERE a.first_position <= middle ORDER BY a.first_position DESC LIMIT 1;
    IF at_hand.recorded_at <= wanted THEN
      low := at_hand.first_position + at_hand.event_count - 1;
    ELSE
      high := at_hand.first_position - 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;

-- The first position after `after_position` whose event matches one item of a query; null if none.
-- A list that is null narrows nothing. Each walks one index, in order: compared as rows, so that no
-- other index could give that order.
CREATE FUNCTION @schema.first_match(of_streams text[], of_categories text[], of_types text[],
                                    of_tags text[], after_position bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  found bigint;
BEGIN
  IF of_streams IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_streams) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM @schema.events e
        WHERE e.stream = s.name AND e.version > @schema.version_at(s.name, after_position)
          AND (of_categories IS NULL OR e.category = ANY (of_categories))
          AND (of_types IS NULL OR e.type = ANY (of_types))
          AND (of_tags IS NULL OR string_to_array(e.tags, E'\n') @> of_tags)
        ORDER BY e.version LIMIT 1) AS m;
  ELSIF of_tags IS NOT NULL THEN
    SELECT e.position INTO found FROM @schema.event_tags t
      JOIN @schema.events e ON e.position = t.position
      WHERE (t.tag, t.position) > (of_tags[1], after_position)
        AND (t.tag, t.position) <= (of_tags[1], 9223372036854775807)
        AND (of_categories IS NULL OR e.category = ANY (of_categories))
        AND (of_types IS NULL OR e.type = ANY (of_types))
        AND (cardinality(of_tags) = 1 OR string_to_array(e.tags, E'\n') @> of_tags)
      ORDER BY t.tag, t.position LIMIT 1;
  ELSIF of_types IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_types) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM @schema.events e
        WHERE (e.type, e.position) > (s.name, after_position)
          AND (e.type, e.position) <= (s.name, 9223372036854775807)
          AND (of_categories IS NULL OR e.category = ANY (of_categories))
        ORDER BY e.type, e.position LIMIT 1) AS m;
  ELSIF of_categories IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_categories) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM @schema.events e
        WHERE (e.category, e.position) > (s.name, after_position)
          AND (e.category, e.position) <= (s.name, 9223372036854775807)
        ORDER BY e.category, e.position LIMIT 1) AS m;
  ELSE
    SELECT e.position INTO found FROM @schema.events e
      WHERE e.position > after_position ORDER BY e.position LIMIT 1;
  END IF;
  RETURN found;
END $$;

-- Which of these ids are recorded, after all that is being appended now has ended.
CREATE FUNCTION @schema.settled(wanted uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(@lock);
  RETURN QUERY SELECT a.id FROM @schema.appends a WHERE a.id = ANY (wanted);
END $$;
)sql";

}  // namespace annals::internal
