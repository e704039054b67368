
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA golden_1;

CREATE FUNCTION golden_1.append(now_given bigint, skew_max bigint, accept_behind boolean, oldest_attempt bigint, stream_names text[], a_attempt bigint[], a_asked integer[], a_id uuid[], a_digest uuid[], a_bytes integer[], a_events integer[], a_begin integer[], a_checks integer[], a_conditions integer[], c_stream integer[], c_before integer[], c_kind integer[], c_version bigint[], k_after bigint[], k_items integer[], k_matches integer[], i_streams text[], i_categories text[], i_types text[], i_tags text[], g_event integer[], e_stream integer[], e_turn integer[], a_known bigint[], e_hash bytea[], e_id uuid[], e_id_given boolean[], e_type text[], e_schema bigint[], e_content smallint[], e_known bigint[], e_effective bigint[], e_tags text[], e_correlation text[], e_causation text[], e_actor text[], e_trace text[], e_origin_store uuid[], e_origin_position bigint[], e_metadata bytea[], e_data bytea[], t_event integer[], t_tag text[], OUT head_before bigint, OUT last_recorded bigint, OUT recorded bigint, OUT versions_before bigint[], OUT outcomes integer[], OUT details bigint[], OUT actuals bigint[], OUT links bytea, OUT attempt_now bigint) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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
  given_up_ids integer[];
  first_matches bigint[];
  e_version bigint[];
  e_position bigint[];
  a_link bytea[];
  recorded_le bytea;
  linked bytea;
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
  PERFORM pg_advisory_xact_lock(1634627169, -1679724991);

  SELECT a.first_position + a.event_count - 1, a.link, a.recorded_at, a.appends, a.streams, a.bytes
    INTO head, link_now, last_recorded, total_appends, total_streams, total_bytes
    FROM "golden_1".appends a ORDER BY a.first_position DESC LIMIT 1;
  IF head IS NULL THEN
    head := 0;
    total_appends := 0;
    total_streams := 0;
    total_bytes := 0;
    SELECT sha256('annals-1'::bytea || uuid_send(s.store)) INTO STRICT link_now
      FROM "golden_1".store s;
  END IF;
  head_before := head;
  clock := coalesce(now_given,
                    floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  clock_behind := NOT accept_behind AND coalesce(last_recorded - clock > skew_max, false);
  recorded := greatest(clock, last_recorded);
  recorded_le := "golden_1".little_endian(recorded);

  versions := ARRAY(SELECT coalesce((SELECT e.version FROM "golden_1".events e
                                      WHERE e.stream = stream_names[s] ORDER BY e.version DESC LIMIT 1), -1)
                      FROM generate_series(1, cardinality(stream_names)) AS s);
  versions_before := versions;

  -- One look for each, whatever the planner believes of a table that has just been empty.
  IF cardinality(a_asked) > 0 THEN
    SELECT array_agg(i.a) INTO known_ids FROM unnest(a_asked) AS i(a)
      CROSS JOIN LATERAL (SELECT 1 FROM "golden_1".appends x WHERE x.id = a_id[i.a] LIMIT 1) AS known;
  END IF;
  IF EXISTS (SELECT FROM "golden_1".given_up g WHERE g.attempt > oldest_attempt) THEN
    SELECT array_agg(i.place) INTO given_up_ids
      FROM unnest(a_id, a_attempt) WITH ORDINALITY AS i(id, attempt, place)
      JOIN "golden_1".given_up g ON g.id = i.id WHERE g.attempt > i.attempt;
  END IF;

  IF cardinality(k_after) > 0 THEN
    -- What matches of all that was there before this group. Condition by condition, item by item.
    WITH condition AS (
      SELECT k.place, k.after, sum(k.items) OVER (ORDER BY k.place) - k.items AS items_before, k.items
        FROM unnest(k_after, k_items) WITH ORDINALITY AS k(after, items, place))
    SELECT array_agg((SELECT min("golden_1".first_match(
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
  IF known_ids IS NULL AND given_up_ids IS NULL AND NOT clock_behind AND cardinality(k_after) = 0
     AND NOT EXISTS (SELECT FROM generate_series(1, cardinality(a_known)) AS a
                       WHERE a_known[a] - recorded > skew_max)
     AND NOT EXISTS (SELECT FROM generate_series(1, cardinality(c_stream)) AS c
                       WHERE NOT "golden_1".holds(c_kind[c], c_version[c], versions[c_stream[c]] + c_before[c]))
  THEN
    e_version := ARRAY(SELECT versions[e_stream[e]] + e_turn[e] FROM generate_series(1, events_n) AS e);
    e_position := ARRAY(SELECT head + e FROM generate_series(1, events_n) AS e);
  ELSE
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
          IF NOT "golden_1".holds(c_kind[c], c_version[c], actual) THEN
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

  a_link := array_fill(NULL::bytea, ARRAY[appends_n]);
  FOR a IN 1 .. appends_n LOOP
    place := a_begin[a] + 1;
    first := e_position[place];
    IF a_events[a] > 0 AND first IS NOT NULL THEN  -- Null: it was refused.
      IF a_events[a] = 1 THEN
        new_version := e_version[place];
        linked := "golden_1".little_endian(new_version) || e_hash[place];
      ELSE
        linked := (SELECT string_agg("golden_1".little_endian(e_version[e]) || e_hash[e], ''::bytea)
                     FROM generate_series(place, place + a_events[a] - 1) AS e);
      END IF;
      link_now := sha256(link_now || uuid_send(a_id[a]) || "golden_1".little_endian(first) || recorded_le
                         || substr("golden_1".little_endian(a_events[a]), 1, 4) || linked);
    END IF;
    a_link[a] := link_now;
  END LOOP;

  INSERT INTO "golden_1".appends (first_position, event_count, id, digest, recorded_at, link, appends,
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
  INSERT INTO "golden_1".events (position, version, recorded_at, known_at, effective_at, id,
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
    INSERT INTO "golden_1".event_tags (tag, position)
      SELECT t_tag[t], e_position[t_event[t]] FROM generate_series(1, cardinality(t_tag)) AS t
        WHERE e_position[t_event[t]] IS NOT NULL;
  END IF;
  links := (SELECT string_agg(a_link[a], ''::bytea) FROM generate_series(1, appends_n) AS a);
  SELECT s.last_value INTO attempt_now FROM "golden_1".attempts s;
END $$;

CREATE FUNCTION golden_1.first_match(of_streams text[], of_categories text[], of_types text[], of_tags text[], after_position bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  found bigint;
BEGIN
  IF of_streams IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_streams) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM "golden_1".events e
        WHERE e.stream = s.name AND e.version > "golden_1".version_at(s.name, after_position)
          AND (of_categories IS NULL OR e.category = ANY (of_categories))
          AND (of_types IS NULL OR e.type = ANY (of_types))
          AND (of_tags IS NULL OR string_to_array(e.tags, E'\n') @> of_tags)
        ORDER BY e.version LIMIT 1) AS m;
  ELSIF of_tags IS NOT NULL THEN
    SELECT e.position INTO found FROM "golden_1".event_tags t
      JOIN "golden_1".events e ON e.position = t.position
      WHERE (t.tag, t.position) > (of_tags[1], after_position)
        AND (t.tag, t.position) <= (of_tags[1], 9223372036854775807)
        AND (of_categories IS NULL OR e.category = ANY (of_categories))
        AND (of_types IS NULL OR e.type = ANY (of_types))
        AND (cardinality(of_tags) = 1 OR string_to_array(e.tags, E'\n') @> of_tags)
      ORDER BY t.tag, t.position LIMIT 1;
  ELSIF of_types IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_types) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM "golden_1".events e
        WHERE (e.type, e.position) > (s.name, after_position)
          AND (e.type, e.position) <= (s.name, 9223372036854775807)
          AND (of_categories IS NULL OR e.category = ANY (of_categories))
        ORDER BY e.type, e.position LIMIT 1) AS m;
  ELSIF of_categories IS NOT NULL THEN
    SELECT min(m.position) INTO found FROM unnest(of_categories) AS s(name) CROSS JOIN LATERAL (
      SELECT e.position FROM "golden_1".events e
        WHERE (e.category, e.position) > (s.name, after_position)
          AND (e.category, e.position) <= (s.name, 9223372036854775807)
        ORDER BY e.category, e.position LIMIT 1) AS m;
  ELSE
    SELECT e.position INTO found FROM "golden_1".events e
      WHERE e.position > after_position ORDER BY e.position LIMIT 1;
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION golden_1.holds(kind integer, wanted bigint, last bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT CASE kind WHEN 0 THEN last = wanted WHEN 1 THEN last < 0 WHEN 2 THEN last >= 0 ELSE true END
$$;

CREATE FUNCTION golden_1.last_at(wanted bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  low bigint := 0;
  high bigint;
  middle bigint;
  at_hand record;
BEGIN
  SELECT a.first_position, a.event_count, a.recorded_at INTO at_hand FROM "golden_1".appends a
    ORDER BY a.first_position DESC LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  IF at_hand.recorded_at <= wanted THEN RETURN at_hand.first_position + at_hand.event_count - 1; END IF;
  high := at_hand.first_position - 1;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT a.first_position, a.event_count, a.recorded_at INTO at_hand FROM "golden_1".appends a
      WHERE a.first_position <= middle ORDER BY a.first_position DESC LIMIT 1;
    IF at_hand.recorded_at <= wanted THEN
      low := at_hand.first_position + at_hand.event_count - 1;
    ELSE
      high := at_hand.first_position - 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;

CREATE FUNCTION golden_1.little_endian(number bigint) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT int8send(((number & 255) << 56) | (((number >> 8) & 255) << 48)
    | (((number >> 16) & 255) << 40) | (((number >> 24) & 255) << 32)
    | (((number >> 32) & 255) << 24) | (((number >> 40) & 255) << 16)
    | (((number >> 48) & 255) << 8) | ((number >> 56) & 255))
$$;

CREATE FUNCTION golden_1.settled(wanted uuid[]) RETURNS SETOF uuid
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1634627169, -1679724991);
  RETURN QUERY SELECT a.id FROM "golden_1".appends a WHERE a.id = ANY (wanted);
END $$;

CREATE FUNCTION golden_1.version_at(of_stream text, at bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  low bigint := -1;
  high bigint;
  middle bigint;
  step bigint := 1;
  found_at bigint;
BEGIN
  SELECT e.version, e.position INTO high, found_at FROM "golden_1".events e
    WHERE e.stream = of_stream ORDER BY e.version DESC LIMIT 1;
  IF high IS NULL OR at <= 0 THEN RETURN -1; END IF;
  IF found_at <= at THEN RETURN high; END IF;
  high := high - 1;
  -- Most questions are about the end: first back from there in steps that double.
  WHILE low < high LOOP
    middle := greatest(high - step + 1, 0);
    SELECT e.position INTO found_at FROM "golden_1".events e
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
    SELECT e.position INTO found_at FROM "golden_1".events e
      WHERE e.stream = of_stream AND e.version = middle;
    IF found_at <= at THEN low := middle; ELSE high := middle - 1; END IF;
  END LOOP;
  RETURN low;
END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE golden_1.appends (
    first_position bigint NOT NULL,
    event_count integer NOT NULL,
    id uuid NOT NULL,
    digest uuid NOT NULL,
    recorded_at bigint NOT NULL,
    link bytea NOT NULL,
    appends bigint NOT NULL,
    streams bigint NOT NULL,
    bytes bigint NOT NULL,
    CONSTRAINT appends_event_count_check CHECK ((event_count > 0)),
    CONSTRAINT appends_link_check CHECK ((octet_length(link) = 32))
);

CREATE SEQUENCE golden_1.attempts
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE golden_1.eras (
    era integer NOT NULL,
    begins_after bigint NOT NULL
);

CREATE TABLE golden_1.event_tags (
    tag text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL
);

CREATE TABLE golden_1.events (
    "position" bigint NOT NULL,
    version bigint NOT NULL,
    recorded_at bigint NOT NULL,
    known_at bigint,
    effective_at bigint,
    id uuid NOT NULL,
    schema_version bigint NOT NULL,
    content_type smallint NOT NULL,
    id_given boolean NOT NULL,
    stream text NOT NULL COLLATE pg_catalog."C",
    category text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    tags text COLLATE pg_catalog."C",
    correlation_id text COLLATE pg_catalog."C",
    causation_id text COLLATE pg_catalog."C",
    actor text COLLATE pg_catalog."C",
    traceparent text COLLATE pg_catalog."C",
    origin_store uuid,
    origin_position bigint,
    metadata bytea,
    data bytea NOT NULL
);

CREATE TABLE golden_1.given_up (
    id uuid NOT NULL,
    attempt bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE golden_1.snapshots (
    stream text NOT NULL COLLATE pg_catalog."C",
    fingerprint bigint NOT NULL,
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    link bytea NOT NULL,
    saved bigint NOT NULL,
    data bytea NOT NULL
);

ALTER TABLE golden_1.snapshots ALTER COLUMN saved ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME golden_1.snapshots_saved_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE golden_1.store (
    one boolean DEFAULT true NOT NULL,
    schema_version integer NOT NULL,
    store uuid NOT NULL,
    CONSTRAINT store_one_check CHECK (one)
);

INSERT INTO golden_1.appends VALUES (1, 1, '5feceb66-ffc8-6f38-d952-786c6d696c79', 'a0ebf969-5526-5f36-cb09-71d792f078ea', 1704067201000000, '\xb22038227b8c1c0f83775cdb681e313c10b9d83acaa6afdd56a8c8f79bcd562f', 1, 1, 16);
INSERT INTO golden_1.appends VALUES (2, 3, '6b86b273-ff34-fce1-9d6b-804eff5a3f57', '2fbaf91f-3139-554d-d89f-2514a3579b9f', 1704067202000000, '\x5d55eed459477d040446d26fb3359eb1ff2c858034495bd41dd66d4d673e361f', 2, 3, 78);
INSERT INTO golden_1.appends VALUES (5, 1, 'd4735e3a-265e-16ee-e03f-59718b9b5d03', '805e8657-00b5-1157-3463-8cac9babb577', 1704067203000000, '\x0a480a1c1046af055d1fff78005c527cd63253bfc567774f4119eed6c1d05396', 3, 4, 94);
INSERT INTO golden_1.appends VALUES (6, 3, '4e074085-62be-db8b-60ce-05c1decfe3ad', '5d717563-d431-a901-71b4-225f4d908032', 1704067204000000, '\x0bbcd5c4ee139c5393cf24c64450df9ac231c0bf547ac253f22ba15eb0e20014', 4, 5, 156);
INSERT INTO golden_1.appends VALUES (9, 1, '4b227777-d4dd-1fc6-1c6f-884f48641d02', 'a8fb0f88-906c-e82e-f3f9-3a9d40203933', 1704067205000000, '\xe10eec24d823721c0e0ab362928e350df01d623be4a7abf7ecb6130de73b25ac', 5, 5, 172);
INSERT INTO golden_1.appends VALUES (10, 3, 'ef2d127d-e37b-942b-aad0-6145e54b0c61', 'effb5daa-8941-da1b-1bf7-9f792f33d66d', 1704067206000000, '\x68e42e51e843a80f08bf49d9ab6944c3feea1779f70b97ef372ab54fe29cfce7', 6, 6, 234);
INSERT INTO golden_1.appends VALUES (13, 1, 'e7f6c011-776e-8db7-cd33-0b54174fd76f', 'c218f841-3135-daee-ffff-2add4bdeb5a6', 1704067207000000, '\x9088dbeb09cf335e382f86b51748a0430a4bbfb7517311afc56e4afd44702ff4', 7, 6, 250);
INSERT INTO golden_1.appends VALUES (14, 3, '7902699b-e42c-8a8e-46fb-bb4501726517', 'c5086735-496f-e583-2a0f-c3b9b1b8a6b7', 1704067208000000, '\x4bb3ca9bb28aee993c06910ce974b85ca18cd07e7fd8cb597769ce9f3e3d2a9c', 8, 7, 312);
INSERT INTO golden_1.appends VALUES (17, 1, '2c624232-cdd2-2177-1294-dfbb310aca00', '7ff5001d-a983-68c6-1856-57b2c660b22b', 1704067209000000, '\xe2981f4de0be24418c28631f44aab8f201bd5c60bcab1af05c937efc1dde0083', 9, 7, 328);
INSERT INTO golden_1.appends VALUES (18, 3, '19581e27-de7c-ed00-ff1c-e50b2047e7a5', 'efa288cc-2c04-5f8d-1c3a-0e1634b1d5ac', 1704067210000000, '\x3cafc3384e70bcb48ebe59b93392c08e47fdc8276603fa0f5b0711cf73e58420', 10, 8, 390);

INSERT INTO golden_1.eras VALUES (1, 0);

INSERT INTO golden_1.event_tags VALUES ('1', 3);
INSERT INTO golden_1.event_tags VALUES ('red', 3);
INSERT INTO golden_1.event_tags VALUES ('3', 7);
INSERT INTO golden_1.event_tags VALUES ('red', 7);
INSERT INTO golden_1.event_tags VALUES ('5', 11);
INSERT INTO golden_1.event_tags VALUES ('red', 11);
INSERT INTO golden_1.event_tags VALUES ('7', 15);
INSERT INTO golden_1.event_tags VALUES ('red', 15);
INSERT INTO golden_1.event_tags VALUES ('9', 19);
INSERT INTO golden_1.event_tags VALUES ('red', 19);

INSERT INTO golden_1.events VALUES (1, 0, 1704067201000000, NULL, NULL, 'bea5e1b6-8756-28a4-2942-1f654c62bb63', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a307d');
INSERT INTO golden_1.events VALUES (2, 0, 1704067202000000, NULL, NULL, 'd049ffcd-efd1-e2e2-5812-a6f60dfd6d7d', 1, 0, false, 'a-1', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a317d');
INSERT INTO golden_1.events VALUES (3, 0, 1704067202000000, 1704063600000000, NULL, 'a6c5bcc1-4942-b90f-575e-a75c38edb09b', 1, 1, false, 'b-1', 'b', 'moved', '1
red', NULL, NULL, 'somebody', NULL, NULL, NULL, '\x7b226d223a317d', '\x00ff31');
INSERT INTO golden_1.events VALUES (4, 1, 1704067202000000, NULL, NULL, '1d7c7b84-e49f-5eb5-098b-6c5989d40d45', 1, 0, false, 'a-1', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a317d');
INSERT INTO golden_1.events VALUES (5, 0, 1704067203000000, NULL, NULL, 'a7e01a21-67ac-b5b1-a282-3dff0fbd75d8', 1, 0, false, 'a-2', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a327d');
INSERT INTO golden_1.events VALUES (6, 1, 1704067204000000, NULL, NULL, '59bd748d-e6a3-59ae-d49a-c012e612278b', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a337d');
INSERT INTO golden_1.events VALUES (7, 0, 1704067204000000, 1704063600000000, NULL, 'b0866596-f9e3-7ad7-ea5c-87be42eee12f', 1, 1, false, 'b-3', 'b', 'moved', '3
red', NULL, NULL, 'somebody', NULL, NULL, NULL, '\x7b226d223a337d', '\x00ff33');
INSERT INTO golden_1.events VALUES (8, 2, 1704067204000000, NULL, NULL, '369c517c-624c-5b9a-4216-4e7814870ff6', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a337d');
INSERT INTO golden_1.events VALUES (9, 2, 1704067205000000, NULL, NULL, 'a0134c58-8758-4911-90ee-2d00fba75d13', 1, 0, false, 'a-1', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a347d');
INSERT INTO golden_1.events VALUES (10, 1, 1704067206000000, NULL, NULL, 'c1b09070-1767-1ac7-20e5-cbc48981ea46', 1, 0, false, 'a-2', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a357d');
INSERT INTO golden_1.events VALUES (11, 0, 1704067206000000, 1704063600000000, NULL, '94ba5541-28cd-8774-f958-10507a6da1b1', 1, 1, false, 'b-5', 'b', 'moved', '5
red', NULL, NULL, 'somebody', NULL, NULL, NULL, '\x7b226d223a357d', '\x00ff35');
INSERT INTO golden_1.events VALUES (12, 2, 1704067206000000, NULL, NULL, 'f2123477-3896-d450-f8a2-16499dc8d1ed', 1, 0, false, 'a-2', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a357d');
INSERT INTO golden_1.events VALUES (13, 3, 1704067207000000, NULL, NULL, 'f4482370-973a-0083-287a-5a6ce3924b88', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a367d');
INSERT INTO golden_1.events VALUES (14, 3, 1704067208000000, NULL, NULL, '8fa738d5-fb17-1f13-3090-ce0b7e347c26', 1, 0, false, 'a-1', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a377d');
INSERT INTO golden_1.events VALUES (15, 0, 1704067208000000, 1704063600000000, NULL, 'd09dea9a-047f-c213-56b4-99bb51c5afed', 1, 1, false, 'b-7', 'b', 'moved', '7
red', NULL, NULL, 'somebody', NULL, NULL, NULL, '\x7b226d223a377d', '\x00ff37');
INSERT INTO golden_1.events VALUES (16, 4, 1704067208000000, NULL, NULL, '51a96cbc-28e8-4fed-4260-8766a944ab12', 1, 0, false, 'a-1', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a377d');
INSERT INTO golden_1.events VALUES (17, 3, 1704067209000000, NULL, NULL, 'b4cc37da-0410-9804-ecb8-8f330aeacde4', 1, 0, false, 'a-2', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a387d');
INSERT INTO golden_1.events VALUES (18, 4, 1704067210000000, NULL, NULL, '4db92e18-2a7e-387e-69e7-7c8ca60139c6', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a397d');
INSERT INTO golden_1.events VALUES (19, 0, 1704067210000000, 1704063600000000, NULL, '7141f4b9-a23a-1970-5ab3-cad2aa497d73', 1, 1, false, 'b-9', 'b', 'moved', '9
red', NULL, NULL, 'somebody', NULL, NULL, NULL, '\x7b226d223a397d', '\x00ff39');
INSERT INTO golden_1.events VALUES (20, 5, 1704067210000000, NULL, NULL, 'b2371fe5-f516-fbac-2c63-bd7e367ec1c8', 1, 0, false, 'a-0', 'a', 'opened', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\x7b226e223a397d');

INSERT INTO golden_1.store VALUES (true, 1, '01020304-0506-0708-090a-0b0c0d0e0f10');

SELECT pg_catalog.setval('golden_1.attempts', 1, true);

SELECT pg_catalog.setval('golden_1.snapshots_saved_seq', 1, false);

ALTER TABLE ONLY golden_1.appends
    ADD CONSTRAINT appends_id_key UNIQUE (id);

ALTER TABLE ONLY golden_1.appends
    ADD CONSTRAINT appends_pkey PRIMARY KEY (first_position);

ALTER TABLE ONLY golden_1.eras
    ADD CONSTRAINT eras_pkey PRIMARY KEY (era);

ALTER TABLE ONLY golden_1.event_tags
    ADD CONSTRAINT event_tags_pkey PRIMARY KEY (tag, "position");

ALTER TABLE ONLY golden_1.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY golden_1.events
    ADD CONSTRAINT events_stream_version_key UNIQUE (stream, version);

ALTER TABLE ONLY golden_1.given_up
    ADD CONSTRAINT given_up_pkey PRIMARY KEY (id);

ALTER TABLE ONLY golden_1.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (stream, fingerprint, version);

ALTER TABLE ONLY golden_1.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (one);

CREATE INDEX events_by_category ON golden_1.events USING btree (category, "position");

CREATE INDEX events_by_type ON golden_1.events USING btree (type, "position");

CREATE INDEX given_up_by_attempt ON golden_1.given_up USING btree (attempt);

