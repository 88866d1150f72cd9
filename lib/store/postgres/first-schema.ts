/**
 * Schema 1. `entry` holds the store; bytea is ordered as unsigned bytes, a prefix first, whatever the collation.
 * Values are compressed before they come here if that helps, so PostgreSQL does not try again.
 *
 * `commit` makes many commits in one transaction and answers which of them held. It first locks every key that it checks
 * (shared) or changes (exclusive), in one order for all, so that there are no deadlocks and nothing to repeat; the locks
 * are advisory, since a key that is absent has no row to lock. They end after the transaction is visible, and each
 * statement behind them takes its snapshot afterwards, so what it reads stays true until the end. Whoever changes more keys
 * than the lock table has room for locks all keys at once.
 *
 * Commits of one round touch nothing that an earlier one of the same round changes (see commit-batch.ts), so that a round is
 * decided and written as a set.
 *
 * `writer` says for each writer which of its turns was made last, and what was answered. It is written in the same
 * transaction, so whoever lost the answer asks `settle` for it; a turn that was not made by then never will be.
 */
export const FIRST_SCHEMA = `
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'assay') THEN
    CREATE SCHEMA assay;
  END IF;
END
$$;

CREATE TABLE assay.schema (version integer NOT NULL);
INSERT INTO assay.schema VALUES (0);

CREATE TABLE assay.entry (key bytea PRIMARY KEY, value bytea NOT NULL);
ALTER TABLE assay.entry ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE assay.writer (
  id uuid PRIMARY KEY,
  turn bigint NOT NULL DEFAULT 0,
  answers boolean[],
  used timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE FUNCTION assay.lock_keys(checked bytea[], changed bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  everything CONSTANT bigint := 5918027744013286553;
BEGIN
  IF cardinality(checked) + cardinality(changed) > 512 THEN
    PERFORM pg_advisory_xact_lock(everything);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(everything);
  PERFORM CASE WHEN l.exclusive THEN pg_advisory_xact_lock(l.id) ELSE pg_advisory_xact_lock_shared(l.id) END
  FROM (
    SELECT k.id, bool_or(k.exclusive) AS exclusive
    FROM (
      SELECT hash_array_extended(ARRAY[c.key], 1) AS id, false AS exclusive FROM unnest(checked) AS c(key)
      UNION ALL
      SELECT hash_array_extended(ARRAY[c.key], 1), true FROM unnest(changed) AS c(key)
    ) AS k
    GROUP BY k.id
    ORDER BY k.id
  ) AS l;
END
$$;

CREATE FUNCTION assay.commit(
  its_writer uuid, its_turn bigint, rounds integer[],
  check_owners integer[], check_keys bytea[], check_values bytea[],
  put_owners integer[], put_keys bytea[], put_values bytea[],
  delete_owners integer[], delete_keys bytea[]
) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
  held boolean[] := array_fill(true, ARRAY[cardinality(rounds)]);
  refused integer[];
  refused_one integer;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'a commit has to run in a transaction that is read committed';
  END IF;
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM assay.lock_keys(check_keys, put_keys || delete_keys);

  FOR its_round IN 0 .. (SELECT max(r.round) FROM unnest(rounds) AS r(round)) LOOP
    IF cardinality(check_keys) > 0 THEN
      SELECT array_agg(DISTINCT c.owner) INTO refused
      FROM unnest(check_owners, check_keys, check_values) AS c(owner, key, value)
      WHERE rounds[c.owner] = its_round
        AND (SELECT e.value FROM assay.entry AS e WHERE e.key = c.key) IS DISTINCT FROM c.value;
      FOREACH refused_one IN ARRAY coalesce(refused, '{}') LOOP
        held[refused_one] := false;
      END LOOP;
    END IF;
    IF cardinality(delete_keys) > 0 THEN
      DELETE FROM assay.entry AS e
      USING unnest(delete_owners, delete_keys) AS d(owner, key)
      WHERE rounds[d.owner] = its_round AND held[d.owner] AND e.key = d.key;
    END IF;
    IF cardinality(put_keys) > 0 THEN
      INSERT INTO assay.entry AS e (key, value)
      SELECT p.key, p.value
      FROM unnest(put_owners, put_keys, put_values) AS p(owner, key, value)
      WHERE rounds[p.owner] = its_round AND held[p.owner]
      ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    END IF;
  END LOOP;

  UPDATE assay.writer AS w SET turn = its_turn, answers = held, used = now()
  WHERE w.id = its_writer AND w.turn = its_turn - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'turn % of this writer is not the next', its_turn USING ERRCODE = 'AS001';
  END IF;
  RETURN held;
END
$$;

CREATE FUNCTION assay.settle(its_writer uuid, its_turn bigint) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
  last_turn bigint;
  held boolean[];
BEGIN
  SELECT w.turn, w.answers INTO last_turn, held FROM assay.writer AS w WHERE w.id = its_writer FOR UPDATE;
  IF last_turn = its_turn THEN
    RETURN held;
  END IF;
  UPDATE assay.writer AS w SET turn = its_turn, answers = NULL, used = now()
  WHERE w.id = its_writer AND w.turn = its_turn - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing is known of turn % of this writer', its_turn USING ERRCODE = 'AS001';
  END IF;
  RETURN NULL;
END
$$;
`;
