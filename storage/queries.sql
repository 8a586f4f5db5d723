-- Every statement of every script, by name: all that Digi reads and writes of what it keeps while
-- it serves. Valid on SQLite as it stands; `/*pg ... */` is PostgreSQL's.
--
-- Elsewhere stands what is about a database itself and not about what is kept in it. How a
-- connection behaves, how logs and files are cleared: storage/sqlite/, storage/postgres/. The
-- schema: storage/migrations/, storage/migrate.py. Copying and examining whole tables:
-- storage/copy_database.py, storage/deep_check.py. A backup that is opened: bot/server/backup_files.py.
-- What an operator's command reads beside a running Digi: bot/cli/commands.py, bot/cli/doctor.py.

-- name: lock
-- The first statement of a script that must find what the one before it left.
SELECT 1 AS held /*pg , pg_advisory_xact_lock(hashtextextended(:lock, 0)) AS done */;

-- name: meta_get
SELECT value FROM meta WHERE key = :key;

-- name: meta_set
INSERT INTO meta (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: meta_first
INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING;

-- name: meta_erased
SELECT key, value FROM meta WHERE key >= 'erased:' AND key < 'erased;' ORDER BY key;

-- name: meta_drop
DELETE FROM meta WHERE key = :key;

-- name: meta_stir
-- So that the last thing written is not what somebody wrote without a name. What stays as it was
-- SQLite does not write.
INSERT INTO meta (key, value) VALUES ('stirred', '0')
ON CONFLICT (key) DO UPDATE SET value = CASE meta.value WHEN '0' THEN '1' ELSE '0' END;

-- name: inbox_first
INSERT INTO inbox (tenant, key, at_us) VALUES (:tenant, :key, :now)
ON CONFLICT (tenant, key) DO NOTHING RETURNING key;

-- name: inbox_again
-- What is confirmed again is kept as well as what is confirmed first, by a standby too.
SELECT 1 AS kept /*pg , pg_logical_emit_message(true, 'digi', '') AS said */;

-- name: inbox_reply
SELECT reply FROM inbox WHERE tenant = :tenant AND key = :key;

-- name: inbox_answered
UPDATE inbox SET reply = :reply WHERE tenant = :tenant AND key = :key;

-- name: inbox_blank
-- A thing that comes again comes soon; what was answered is not kept for longer.
UPDATE inbox SET reply = NULL WHERE at_us < :before AND reply IS NOT NULL;

-- name: inbox_forget
DELETE FROM inbox WHERE tenant = :tenant AND key >= :first AND key < :last;

-- name: inbox_named
-- Keys that name a person in plain text, as earlier versions wrote them.
SELECT tenant, key, at_us FROM inbox
WHERE (key >= 'once:' AND key < 'once;') OR (key >= 'unreached:' AND key < 'unreached;')
ORDER BY tenant, key;

-- name: inbox_drop
DELETE FROM inbox WHERE tenant = :tenant AND key = :key;

-- name: inbox_prune
DELETE FROM inbox WHERE at_us < :before AND key NOT LIKE 'told:%' AND key NOT LIKE 'once:%';

-- name: project_open
INSERT INTO project (tenant, id, channel, open, seq) VALUES (:tenant, :project, :channel, 1,
    (SELECT coalesce(max(seq), 0) + 1 FROM project WHERE tenant = :tenant))
ON CONFLICT (tenant, id) DO UPDATE SET channel = excluded.channel, open = 1;

-- name: project_close
UPDATE project SET open = 0 WHERE tenant = :tenant AND id = :project;

-- name: project_of_channel
SELECT id FROM project WHERE tenant = :tenant AND channel = :channel AND open = 1;

-- name: standing_in_channel
-- What the gate asks of an open project, its channel and a person, in one look: a row for each
-- role, or one where there is none.
SELECT project.id AS id, state.body AS about, person.body AS prefs, member.person AS there,
    role.person AS holder, role.role AS role, role.status AS status, role.led AS led,
    role.body AS body, holder.body AS holder_prefs
FROM project
JOIN state ON state.tenant = project.tenant AND state.project = project.id
    AND state.dialog = 'project' AND state.id = 'project'
LEFT JOIN person ON person.tenant = project.tenant AND person.id = :person
LEFT JOIN member ON member.tenant = project.tenant AND member.channel = project.channel
    AND member.person = :person
LEFT JOIN role ON role.tenant = project.tenant AND role.project = project.id
LEFT JOIN person AS holder ON holder.tenant = role.tenant AND holder.id = role.person
WHERE project.tenant = :tenant AND project.channel = :channel AND project.open = 1
ORDER BY role.given, role.person, role.role;

-- name: standing_in_project
SELECT project.id AS id, state.body AS about, person.body AS prefs, member.person AS there,
    role.person AS holder, role.role AS role, role.status AS status, role.led AS led,
    role.body AS body, holder.body AS holder_prefs
FROM project
JOIN state ON state.tenant = project.tenant AND state.project = project.id
    AND state.dialog = 'project' AND state.id = 'project'
LEFT JOIN person ON person.tenant = project.tenant AND person.id = :person
LEFT JOIN member ON member.tenant = project.tenant AND member.channel = project.channel
    AND member.person = :person
LEFT JOIN role ON role.tenant = project.tenant AND role.project = project.id
LEFT JOIN person AS holder ON holder.tenant = role.tenant AND holder.id = role.person
WHERE project.tenant = :tenant AND project.id = :project
ORDER BY role.given, role.person, role.role;

-- name: project_last_of_channel
SELECT project.id AS id FROM project JOIN state ON state.tenant = project.tenant
    AND state.project = project.id AND state.dialog = 'project'
WHERE project.tenant = :tenant AND project.channel = :channel
ORDER BY project.open DESC, project.seq DESC LIMIT 1;

-- name: projects_of_person
SELECT project.id AS id FROM project
WHERE project.tenant = :tenant AND project.open = 1 AND (
    EXISTS (SELECT 1 FROM member WHERE member.tenant = project.tenant
        AND member.channel = project.channel AND member.person = :person)
    OR EXISTS (SELECT 1 FROM role WHERE role.tenant = project.tenant
        AND role.project = project.id AND role.person = :person
        AND role.status IN ('asked', 'confirmed')))
ORDER BY project.id;

-- name: project_delete
DELETE FROM project WHERE tenant = :tenant AND id = :project;

-- name: state_get
SELECT version, body FROM state
WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND id = :id;

-- name: state_version
SELECT version FROM state
WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND id = :id;

-- name: state_all
SELECT id, body FROM state
WHERE tenant = :tenant AND project = :project AND dialog = :dialog ORDER BY id;

-- name: state_some
SELECT dialog, id, body FROM state WHERE tenant = :tenant AND project = :project
    AND dialog IN (:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7) ORDER BY dialog, id;

-- name: state_of_tenant
SELECT project, dialog, id, body FROM state WHERE tenant = :tenant ORDER BY project, dialog, id;

-- name: state_of_every_project
SELECT project, body FROM state
WHERE tenant = :tenant AND dialog = 'project' AND id = 'project' ORDER BY project;

-- name: state_new
INSERT INTO state (tenant, project, dialog, id, version, body)
VALUES (:tenant, :project, :dialog, :id, 1, :body)
ON CONFLICT (tenant, project, dialog, id) DO NOTHING RETURNING version;

-- name: state_move
UPDATE state SET body = :body, version = version + 1
WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND id = :id
    AND version = :version RETURNING version;

-- name: state_drop
DELETE FROM state
WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND id = :id;

-- name: state_delete
DELETE FROM state WHERE tenant = :tenant AND project = :project;

-- name: record_put
INSERT INTO record (tenant, project, kind, id, ref, person, at_us, body)
VALUES (:tenant, :project, :kind, :id, :ref, :person, :at, :body)
ON CONFLICT (tenant, project, kind, id) DO UPDATE
SET ref = excluded.ref, person = excluded.person, at_us = excluded.at_us, body = excluded.body;

-- name: record_one
SELECT id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND id = :id;

-- name: records_of_kind
SELECT id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind
ORDER BY at_us, person, id LIMIT :limit;

-- name: records_of_ref
SELECT id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref
ORDER BY at_us, person, id LIMIT :limit;

-- name: records_since
SELECT id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND at_us >= :since
ORDER BY at_us, person, id LIMIT 1000;

-- name: record_mine
SELECT id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref
    AND person = :person
ORDER BY at_us DESC, id LIMIT 1;

-- name: record_refs_of_person
-- One person has few records, a project many: by the person's index on both databases.
SELECT DISTINCT ref FROM record
WHERE tenant = :tenant AND person = :person AND project || '' = :project AND kind || '' = :kind;

-- name: record_count
SELECT count(DISTINCT person) AS n FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref;

-- name: answered
SELECT n FROM answered WHERE tenant = :tenant AND project = :project AND ref = :ref;

-- name: answered_each
SELECT ref, n FROM answered WHERE tenant = :tenant AND project = :project AND n > 0;

-- name: record_people
SELECT DISTINCT person FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref;

-- name: record_refs_of_team
-- Of those in the channel or with a role: one person has few records, a project many.
WITH team AS MATERIALIZED (
    SELECT person FROM member WHERE tenant = :tenant AND channel = :channel
    UNION SELECT person FROM role WHERE tenant = :tenant AND project = :project
)
SELECT DISTINCT record.person AS person, record.ref AS ref FROM team CROSS JOIN record
WHERE record.tenant = :tenant AND record.person = team.person
    AND record.project || '' = :project AND record.kind || '' = :kind;

-- name: record_forget
DELETE FROM record WHERE tenant = :tenant AND project = :project AND kind = :kind AND id = :id;

-- name: record_forget_ref
DELETE FROM record WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref;

-- name: record_forget_person
DELETE FROM record
WHERE tenant = :tenant AND project = :project AND kind = :kind AND person = :person;

-- name: record_named_in
-- Where ids of records name a person in plain text, as earlier versions wrote them. Looked for once.
SELECT DISTINCT tenant, project FROM record WHERE id = ref || ':' || person ORDER BY tenant, project;

-- name: record_named
SELECT kind, id, body FROM record
WHERE tenant = :tenant AND project = :project AND id = ref || ':' || person ORDER BY kind, id;

-- name: record_rename
UPDATE record SET id = :new, body = :body
WHERE tenant = :tenant AND project = :project AND kind = :kind AND id = :id;

-- name: record_delete
DELETE FROM record WHERE tenant = :tenant AND project = :project;

-- name: role_put
-- `led` is set with the role that earns it, and no later status takes it away.
INSERT INTO role (tenant, project, person, role, status, given, led, body)
VALUES (:tenant, :project, :person, :role, :status,
    (SELECT coalesce(max(given), 0) + 1 FROM role WHERE tenant = :tenant AND project = :project),
    CASE WHEN :role IN ('leader', 'deputy') AND :status IN ('confirmed', 'was') THEN 1 ELSE 0 END,
    :body)
ON CONFLICT (tenant, project, person, role) DO UPDATE
SET status = excluded.status, body = excluded.body,
    led = CASE WHEN role.led = 1 OR excluded.led = 1 OR (role.role IN ('leader', 'deputy')
        AND role.status IN ('confirmed', 'was')) THEN 1 ELSE 0 END;

-- name: role_all
SELECT role.person AS person, role.role AS role, role.status AS status, role.led AS led,
    role.body AS body, holder.body AS holder_prefs
FROM role
LEFT JOIN person AS holder ON holder.tenant = role.tenant AND holder.id = role.person
WHERE role.tenant = :tenant AND role.project = :project
ORDER BY role.given, role.person, role.role;

-- name: role_delete
DELETE FROM role WHERE tenant = :tenant AND project = :project;

-- name: person_some
SELECT id, body FROM person
WHERE tenant = :tenant AND id IN (:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7);

-- name: person_get
SELECT body FROM person WHERE tenant = :tenant AND id = :person;

-- name: person_put
INSERT INTO person (tenant, id, body) VALUES (:tenant, :person, :body)
ON CONFLICT (tenant, id) DO UPDATE SET body = excluded.body;

-- name: member_all
SELECT person FROM member WHERE tenant = :tenant AND channel = :channel ORDER BY person;

-- name: member_counting
SELECT person FROM member
WHERE tenant = :tenant AND channel = :channel AND counts = 1 ORDER BY person;

-- name: member_known
-- Which of these are known to be people, from any channel of the workplace.
SELECT DISTINCT person FROM member
WHERE tenant = :tenant AND counts = 1 AND person IN (:n0, :n1, :n2, :n3, :n4, :n5, :n6, :n7);

-- name: member_add
INSERT INTO member (tenant, channel, person, counts) VALUES (:tenant, :channel, :person, :counts)
ON CONFLICT (tenant, channel, person) DO NOTHING;

-- name: member_clear
DELETE FROM member WHERE tenant = :tenant AND channel = :channel;

-- name: person_unknown
-- Whom no channel, role or record of the workplace knows any more.
DELETE FROM person WHERE tenant = :tenant
    AND NOT EXISTS (SELECT 1 FROM member
        WHERE member.tenant = person.tenant AND member.person = person.id)
    AND NOT EXISTS (SELECT 1 FROM role
        WHERE role.tenant = person.tenant AND role.person = person.id)
    AND NOT EXISTS (SELECT 1 FROM record
        WHERE record.tenant = person.tenant AND record.person = person.id);

-- name: pool_get
SELECT sealed FROM pool WHERE tenant = :tenant AND project = :project;

-- name: pool_put
INSERT INTO pool (tenant, project, sealed) VALUES (:tenant, :project, :sealed)
ON CONFLICT (tenant, project) DO UPDATE SET sealed = excluded.sealed;

-- name: pool_stir
-- The same bytes in a new version of the row; SQLite's rows have no versions.
UPDATE pool SET sealed = sealed /*pg || ''::bytea */ WHERE tenant = :tenant AND project = :project;

-- name: pool_all
SELECT project, sealed FROM pool WHERE tenant = :tenant ORDER BY project;

-- name: pool_every
SELECT tenant, project FROM pool ORDER BY tenant, project;

-- name: pool_delete
DELETE FROM pool WHERE tenant = :tenant AND project = :project;

-- name: publish
INSERT INTO published (tenant, project, id, kind, ref, release, receipt, body)
VALUES (:tenant, :project, :id, :kind, :ref, :release, :receipt, :body);

-- name: published_of
SELECT id, kind, ref, release, receipt, body FROM published
WHERE tenant = :tenant AND project = :project AND kind = :kind ORDER BY id;

-- name: published_of_ref
SELECT id, kind, ref, release, receipt, body FROM published
WHERE tenant = :tenant AND project = :project AND kind = :kind AND ref = :ref ORDER BY id;

-- name: published_one
SELECT id, kind, ref, release, body FROM published
WHERE tenant = :tenant AND project = :project AND id = :id;

-- name: published_by_receipt
SELECT project, id, kind, ref, release, receipt, body FROM published
WHERE tenant = :tenant AND receipt = :receipt ORDER BY project, id;

-- name: published_every
SELECT id, body FROM published WHERE tenant = :tenant AND project = :project ORDER BY id;

-- name: published_body
UPDATE published SET body = :body
WHERE tenant = :tenant AND project = :project AND id = :id;

-- name: published_delete
DELETE FROM published WHERE tenant = :tenant AND project = :project;

-- name: snapshot_put
INSERT INTO snapshot (tenant, project, audience, release, body)
VALUES (:tenant, :project, :audience, :release, :body)
ON CONFLICT (tenant, project, audience, release) DO UPDATE SET body = excluded.body;

-- name: snapshot_get
SELECT audience, release, body FROM snapshot
WHERE tenant = :tenant AND project = :project AND audience = :audience
ORDER BY release DESC LIMIT 3;

-- name: snapshot_delete
DELETE FROM snapshot WHERE tenant = :tenant AND project = :project;

-- name: post_put
INSERT INTO post (tenant, project, dialog, dialog_id, slot, id, place, platform_id, body)
VALUES (:tenant, :project, :dialog, :dialog_id, :slot, :id, :place, '', :body)
ON CONFLICT (tenant, project, dialog, dialog_id, slot) DO UPDATE
SET id = excluded.id, place = excluded.place, platform_id = '', body = excluded.body;

-- name: post_get
SELECT id, place, platform_id FROM post
WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND dialog_id = :dialog_id
    AND slot = :slot;

-- name: post_of_letter
SELECT tenant, project, dialog, dialog_id, slot, body FROM post
WHERE tenant = :tenant AND project = :project AND id = :id;

-- name: post_sent
UPDATE post SET platform_id = :platform_id WHERE tenant = :tenant AND project = :project
    AND id = :id;

-- name: post_left
-- What was posted in a channel stays there when the project leaves it.
DELETE FROM post WHERE tenant = :tenant AND project = :project AND place = :before
    AND platform_id <> '';

-- name: post_to_channel
UPDATE post SET place = :after
WHERE tenant = :tenant AND project = :project AND place = :before;

-- name: post_delete
DELETE FROM post WHERE tenant = :tenant AND project = :project;

-- name: letter_put
INSERT INTO letter (id, tenant, project, place, kind, state, due_us, seq, next_us, token,
    attempts, body)
VALUES (:id, :tenant, :project, :place, :kind, 'ready', :due,
    (SELECT coalesce(max(seq), 0) + 1 FROM letter), :due, 0, 0, :body)
ON CONFLICT (id) DO UPDATE SET state = 'ready', due_us = excluded.due_us, seq = excluded.seq,
    next_us = excluded.next_us, token = letter.token + 1, attempts = 0, body = excluded.body;

-- name: letter_redraw
-- A redraw that waits already stays in its place, and waits as long as the platform wished.
INSERT INTO letter (id, tenant, project, place, kind, state, due_us, seq, next_us, token,
    attempts, body)
VALUES (:id, :tenant, :project, :place, :kind, 'ready', :due,
    (SELECT coalesce(max(seq), 0) + 1 FROM letter), :due, 0, 0, :body)
ON CONFLICT (id) DO UPDATE SET token = letter.token + 1, body = excluded.body,
    state = CASE letter.state WHEN 'paused' THEN 'paused' ELSE 'ready' END,
    due_us = CASE letter.state WHEN 'dead' THEN excluded.due_us ELSE letter.due_us END,
    seq = CASE letter.state WHEN 'dead' THEN excluded.seq ELSE letter.seq END,
    attempts = CASE letter.state WHEN 'dead' THEN 0 ELSE letter.attempts END,
    next_us = CASE WHEN letter.state <> 'dead' AND letter.next_us > excluded.next_us
        THEN letter.next_us ELSE excluded.next_us END;

-- name: letter_again
-- It changed once more while it was being drawn: it need not wait for the lease, but for this.
UPDATE letter SET next_us = :at WHERE id = :id AND state = 'ready' AND token > :token;

-- name: letter_cancel
DELETE FROM letter WHERE id = :id RETURNING project;

-- name: letter_next_due
-- What is due by now and still here stands behind an earlier letter of its place.
SELECT min(next_us) AS at_us FROM letter WHERE state <> 'dead' AND next_us > :now;

-- name: letter_claim
-- In one lane of the holder: the first letter of each place that is due, and not held back.
WITH head AS MATERIALIZED (
    SELECT l.id AS id FROM letter AS l
    WHERE l.tenant = :tenant AND l.kind <> 'timer' AND l.state <> 'dead' AND l.next_us <= :now
        AND NOT EXISTS (
            SELECT 1 FROM letter AS e
            WHERE e.state <> 'dead' AND e.tenant = l.tenant AND e.place = l.place
                AND (e.due_us, e.seq) < (l.due_us, l.seq))
        AND EXISTS (SELECT 1 FROM lane WHERE lane.tenant = l.tenant AND lane.holder = :holder
            AND lane.next_us > coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0))
    ORDER BY l.next_us, l.due_us, l.seq LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
)
UPDATE letter SET state = CASE state WHEN 'ready' THEN 'claimed' ELSE state END,
    next_us = :until, token = token + 1, attempts = attempts + 1
FROM head WHERE letter.id = head.id
RETURNING letter.id AS id, letter.tenant AS tenant, letter.project AS project,
    letter.place AS place, letter.kind AS kind, letter.state AS state,
    letter.due_us AS due_us, letter.seq AS seq, letter.token AS token,
    letter.attempts AS attempts, letter.body AS body;

-- name: letter_unclaim
-- Claimed and not begun: as if it had not been claimed.
UPDATE letter SET state = CASE state WHEN 'claimed' THEN 'ready' ELSE state END,
    next_us = :now, attempts = attempts - 1
WHERE id = :id AND token = :token AND state <> 'dead';

-- name: timer_claim
-- In all lanes of the holder: the first timer of each project that is due.
WITH head AS MATERIALIZED (
    SELECT l.id AS id FROM letter AS l
    WHERE l.kind = 'timer' AND l.state <> 'dead' AND l.next_us <= :now AND NOT EXISTS (
        SELECT 1 FROM letter AS e
        WHERE e.state <> 'dead' AND e.tenant = l.tenant AND e.place = l.place
            AND (e.due_us, e.seq) < (l.due_us, l.seq))
        AND EXISTS (SELECT 1 FROM lane WHERE lane.tenant = l.tenant AND lane.holder = :holder
            AND lane.next_us > coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0))
    ORDER BY l.next_us, l.due_us, l.seq LIMIT :limit /*pg FOR UPDATE SKIP LOCKED */
)
UPDATE letter SET state = CASE state WHEN 'ready' THEN 'claimed' ELSE state END,
    next_us = :until, token = token + 1, attempts = attempts + 1
FROM head WHERE letter.id = head.id
RETURNING letter.id AS id, letter.tenant AS tenant, letter.project AS project,
    letter.place AS place, letter.kind AS kind, letter.state AS state,
    letter.due_us AS due_us, letter.seq AS seq, letter.token AS token,
    letter.attempts AS attempts, letter.body AS body;

-- name: timer_waits
-- Whether any timer is due, here or in another replica's lane.
SELECT id FROM letter WHERE kind = 'timer' AND state <> 'dead' AND next_us <= :now LIMIT 1;

-- name: letter_sending
-- From here on it may have arrived: 'sending' once, 'uncertain' twice. No row: another holds it.
UPDATE letter SET state = CASE WHEN state IN ('claimed', 'paused') THEN 'sending'
    ELSE 'uncertain' END
WHERE id = :id AND token = :token AND state <> 'dead'
    AND EXISTS (SELECT 1 FROM lane WHERE lane.tenant = letter.tenant AND lane.holder = :holder
        AND lane.next_us > coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0))
RETURNING id;

-- name: letter_done
DELETE FROM letter WHERE id = :id AND token = :token RETURNING id;

-- name: letter_later
UPDATE letter SET state = :state, next_us = :at,
    attempts = CASE WHEN attempts > :most THEN :most ELSE attempts END
WHERE id = :id AND token = :token RETURNING id;

-- name: letter_dead
UPDATE letter SET state = 'dead' WHERE id = :id AND token = :token RETURNING id;

-- name: letter_bag
-- Everything that waits in a person's bag.
SELECT id, tenant, project, place, kind, state, due_us, seq, token, attempts, body FROM letter
WHERE tenant = :tenant AND place = :place AND kind = 'bag' AND state <> 'dead' AND due_us <= :now
ORDER BY due_us, seq;

-- name: letter_bagged
-- They go out together, so what becomes of one becomes of all.
UPDATE letter SET state = 'sending'
WHERE tenant = :tenant AND place = :place AND kind = 'bag' AND state IN ('ready', 'paused')
    AND due_us <= :now;

-- name: letter_hold
UPDATE letter SET next_us = :at, state = 'ready'
WHERE tenant = :tenant AND place = :place AND kind = 'bag' AND state <> 'dead';

-- name: letter_let_go
-- The person's hours or pause are others now: look again when it may go.
UPDATE letter SET next_us = due_us
WHERE tenant = :tenant AND place = :place AND kind = 'bag' AND state = 'ready';

-- name: letter_into_bag
-- A letter of its own that is to go later joins what waits for its person.
UPDATE letter SET place = :bag, kind = 'bag'
WHERE tenant = :tenant AND place = :place AND kind = 'private' AND state = 'ready'
    AND attempts = 0 AND due_us > :now;

-- name: letter_moved
UPDATE letter SET due_us = :due, next_us = :due
WHERE tenant = :tenant AND place = :place AND kind = 'private' AND state = 'ready'
    AND attempts = 0 AND due_us > :now;

-- name: letter_to_channel
UPDATE letter SET place = :after
WHERE tenant = :tenant AND project = :project AND place = :before;

-- name: letter_freed
-- After a stop nobody holds anything.
UPDATE letter SET next_us = due_us, state = CASE state WHEN 'claimed' THEN 'ready' ELSE state END
WHERE state IN ('claimed', 'sending', 'uncertain', 'paused');

-- name: letter_resting
-- Whether this team, or somebody of the workplace, waits already.
SELECT id FROM letter WHERE tenant = :tenant AND state = 'paused'
    AND (:whole = 1 OR project = :project) LIMIT 1;

-- name: letter_rest
-- The team's timers wait, or all of the workplace, a little longer than the letter that tries.
UPDATE letter SET next_us = CASE WHEN id = :id THEN next_us ELSE :until END,
    state = CASE WHEN state IN ('ready', 'claimed') THEN 'paused' ELSE state END
WHERE tenant = :tenant AND next_us < :until AND CASE WHEN id = :id THEN state = 'ready'
    ELSE state <> 'dead' AND (:whole = 1 OR (project = :project AND kind = 'timer')) END;

-- name: letter_go_on
UPDATE letter SET next_us = due_us, state = 'ready'
WHERE tenant = :tenant AND project = :project AND state = 'paused';

-- name: letter_try_again
-- Paused until something has arrived.
UPDATE letter SET next_us = due_us WHERE tenant = :tenant AND state = 'paused';

-- name: letter_taken_over
-- Another holds the workplace's lane now: who held a letter before can do nothing with its token.
UPDATE letter SET token = token + 1,
    next_us = CASE state WHEN 'claimed' THEN due_us ELSE next_us END,
    state = CASE state WHEN 'claimed' THEN 'ready' ELSE state END
WHERE tenant = :tenant AND state IN ('claimed', 'sending', 'uncertain', 'paused');

-- name: timer_lanes
-- Workplaces in which a timer is due and whose lane nobody holds. A lane's lease runs by one clock,
-- the server's. Who is patient leaves a lane that ran out to its holder; one that was left in order
-- is free.
SELECT l.tenant AS tenant FROM letter AS l
WHERE l.kind = 'timer' AND l.state <> 'dead' AND l.next_us <= :now
    AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.tenant = l.tenant
        AND lane.next_us > CASE WHEN :patient = 1 AND lane.holder <> :holder THEN 0
            ELSE coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0) END)
GROUP BY l.tenant ORDER BY min(l.next_us) LIMIT :limit;

-- name: lane_due
-- Workplaces in which a letter can be claimed, in lanes of the holder and in those that are free.
SELECT l.tenant AS tenant FROM letter AS l
WHERE l.kind <> 'timer' AND l.state <> 'dead' AND l.next_us <= :now
    AND NOT EXISTS (
        SELECT 1 FROM letter AS e
        WHERE e.state <> 'dead' AND e.tenant = l.tenant AND e.place = l.place
            AND (e.due_us, e.seq) < (l.due_us, l.seq))
    AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.tenant = l.tenant AND lane.holder <> :holder
        AND lane.next_us > CASE WHEN :patient = 1 THEN 0
            ELSE coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0) END)
GROUP BY l.tenant ORDER BY min(l.next_us), min(l.due_us), min(l.seq);

-- name: lane_held
-- The lane is somebody's, the holder's own or another's.
SELECT holder FROM lane WHERE tenant = :tenant
    AND next_us > CASE WHEN :patient = 1 AND holder <> :holder THEN 0
        ELSE coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0) END;

-- name: lane_of
SELECT holder FROM lane WHERE tenant = :tenant;

-- name: lane_take
-- Free, run out, or the holder's own already. No row: another holds it.
INSERT INTO lane (tenant, holder, token, next_us)
VALUES (:tenant, :holder, 1, coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0) + :lease)
ON CONFLICT (tenant) DO UPDATE SET holder = excluded.holder, next_us = excluded.next_us,
    token = CASE lane.holder WHEN excluded.holder THEN lane.token ELSE lane.token + 1 END
WHERE lane.holder = excluded.holder
    OR lane.next_us <= coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0)
RETURNING token;

-- name: lane_keep
-- All lanes of the holder for one more lease; not the one of the housekeeping, which has its own.
UPDATE lane SET next_us = coalesce(/*pg (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, */ :real, 0) + :lease
WHERE holder = :holder AND tenant <> '' AND next_us > 0 RETURNING tenant;

-- name: lane_let_go
UPDATE lane SET next_us = 0 WHERE tenant = :tenant AND holder = :holder;

-- name: lane_leave
UPDATE lane SET next_us = 0 WHERE holder = :holder;

-- name: lane_freed
UPDATE lane SET next_us = 0;

-- name: letter_set_back
-- The clock was set back: what was due at once is due since before that, in its order, and what
-- waits for another try waits no longer than it would have. Where others serve too, what they try
-- is theirs; what nobody has tried waits for nobody's clock.
UPDATE letter SET next_us = CASE WHEN next_us > :now THEN next_us - :by ELSE next_us END,
    due_us = CASE WHEN kind IN ('timer', 'bag') OR due_us <= :now THEN due_us ELSE :since END
WHERE state <> 'dead' AND (next_us > :now OR due_us > :now)
    AND (kind NOT IN ('timer', 'bag') OR attempts > 0)
    AND (:alone = 1 OR (attempts = 0 AND state = 'ready') OR EXISTS (
        SELECT 1 FROM lane WHERE lane.tenant = letter.tenant AND lane.holder = :holder));

-- name: letter_all
SELECT id, tenant, project, place, kind, state, due_us, next_us, attempts FROM letter
ORDER BY due_us, seq;

-- name: letter_states
SELECT state, count(*) AS n FROM letter GROUP BY state ORDER BY state;

-- name: letter_timers
SELECT id, due_us FROM letter WHERE tenant = :tenant AND kind = 'timer' AND state <> 'dead'
ORDER BY due_us;

-- name: letter_delete
DELETE FROM letter WHERE tenant = :tenant AND project = :project;

-- name: bagged_days
SELECT day FROM bagged WHERE tenant = :tenant AND person = :person AND day >= :since;

-- name: bagged_put
-- Not where the letter is gone: then its person was erased while it was on its way.
INSERT INTO bagged (tenant, person, day, body) SELECT :tenant, :person, :day, :body
WHERE EXISTS (SELECT 1 FROM letter WHERE letter.id = :id)
ON CONFLICT (tenant, person, day) DO UPDATE SET body = excluded.body;

-- name: bagged_of
SELECT tenant, person, day, body FROM bagged
WHERE tenant = :tenant AND person = :person AND body IS NOT NULL ORDER BY day DESC;

-- name: bagged_every
SELECT tenant, person, day, body FROM bagged WHERE tenant = :tenant AND body IS NOT NULL
ORDER BY person, day;

-- name: bagged_prune
DELETE FROM bagged WHERE day < :before;

-- name: room_put
INSERT INTO room (id, place, thread, author, at_us, first, seq, body)
VALUES (:id, :place, :thread, :author, :at,
    (SELECT coalesce(max(seq), 0) + 1 FROM room),
    (SELECT coalesce(max(seq), 0) + 1 FROM room), :body)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, body = excluded.body
RETURNING seq;

-- name: room_read
SELECT id, place, thread, author, at_us, first, seq, body FROM room
WHERE place = :place AND seq > :after ORDER BY first;

-- name: room_one
SELECT id, place, thread, author, at_us, first, seq, body FROM room WHERE id = :id;

-- name: person_room
-- What a person of the pretended workplace wrote, and their private chat.
DELETE FROM room WHERE author = :person OR place = 'private:' || :person;

-- name: room_clear
DELETE FROM room;

-- name: installation_put
INSERT INTO installation (tenant, body) VALUES (:tenant, :body)
ON CONFLICT (tenant) DO UPDATE SET body = excluded.body;

-- name: installation_one
SELECT tenant, body FROM installation WHERE tenant = :tenant;

-- name: installation_all
SELECT tenant, body FROM installation ORDER BY tenant;

-- name: installation_delete
DELETE FROM installation WHERE tenant = :tenant;

-- name: address_put
INSERT INTO address (tenant, place, body) VALUES (:tenant, :place, :body)
ON CONFLICT (tenant, place) DO UPDATE SET body = excluded.body;

-- name: address_one
SELECT tenant, place, body FROM address WHERE tenant = :tenant AND place = :place;

-- name: address_all
SELECT tenant, place, body FROM address ORDER BY tenant, place;

-- name: address_delete
DELETE FROM address WHERE tenant = :tenant AND place = :place;

-- name: link_put
INSERT INTO link (hash, tenant, project, kind, person, until_us, withdrawn, look)
VALUES (:hash, :tenant, :project, :kind, :person, :until, 0, :look) ON CONFLICT (hash) DO NOTHING;

-- name: link_get
SELECT tenant, project, kind, person, until_us, look FROM link
WHERE hash = :hash AND withdrawn = 0 AND (until_us = 0 OR until_us > :now);

-- name: link_withdraw
UPDATE link SET withdrawn = 1 WHERE hash = :hash;

-- name: link_drop
DELETE FROM link WHERE hash = :hash;

-- name: link_prune
DELETE FROM link WHERE until_us > 0 AND until_us < :before;

-- name: link_delete
DELETE FROM link WHERE tenant = :tenant AND project = :project;

-- name: person_links
DELETE FROM link WHERE tenant = :tenant AND person = :person;

-- name: keepsake_put
INSERT INTO keepsake (tenant, id, project, channel, kind, outlives, at_us, until_us, body)
VALUES (:tenant, :id, :project, :channel, :kind, :outlives, :at, 0, :body)
ON CONFLICT (tenant, id) DO UPDATE SET channel = excluded.channel, outlives = excluded.outlives,
    at_us = excluded.at_us, body = excluded.body;

-- name: keepsake_moved
UPDATE keepsake SET channel = :channel WHERE tenant = :tenant AND project = :project;

-- name: keepsakes_of_kind
SELECT id, project, until_us, body FROM keepsake
WHERE tenant = :tenant AND kind = :kind ORDER BY at_us DESC, id LIMIT :limit;

-- name: keepsakes_of_person
-- Of deleted projects in whose channel this person is.
SELECT keepsake.id AS id, keepsake.project AS project, keepsake.until_us AS until_us,
    keepsake.body AS body
FROM keepsake JOIN member ON member.tenant = keepsake.tenant
    AND member.channel = keepsake.channel AND member.person = :person
WHERE keepsake.tenant = :tenant AND keepsake.kind = :kind AND keepsake.until_us > 0
ORDER BY keepsake.at_us DESC, keepsake.id LIMIT :limit;

-- name: keepsakes_of_project
SELECT tenant, id, until_us FROM keepsake WHERE project = :project ORDER BY tenant, id;

-- name: keepsake_place
SELECT tenant FROM keepsake WHERE id = :id ORDER BY tenant;

-- name: keepsake_drop
DELETE FROM keepsake WHERE tenant = :tenant AND id = :id;

-- name: keepsake_delete
-- What does not outlive its project.
DELETE FROM keepsake WHERE tenant = :tenant AND project = :project AND outlives = 0;

-- name: keepsake_outlive
-- Its project is deleted: from now on it has a date of its own.
UPDATE keepsake SET until_us = :until
WHERE tenant = :tenant AND project = :project AND until_us = 0;

-- name: keepsake_prune
DELETE FROM keepsake WHERE until_us > 0 AND until_us < :now;

-- name: clear_keepsake
DELETE FROM keepsake WHERE tenant = :tenant;

-- name: clear_link
DELETE FROM link WHERE tenant = :tenant;

-- name: clear_project
DELETE FROM project WHERE tenant = :tenant;

-- name: clear_inbox
DELETE FROM inbox WHERE tenant = :tenant;

-- name: clear_state
DELETE FROM state WHERE tenant = :tenant;

-- name: clear_record
DELETE FROM record WHERE tenant = :tenant;

-- name: clear_role
DELETE FROM role WHERE tenant = :tenant;

-- name: clear_person
DELETE FROM person WHERE tenant = :tenant;

-- name: clear_member
DELETE FROM member WHERE tenant = :tenant;

-- name: clear_pool
DELETE FROM pool WHERE tenant = :tenant;

-- name: clear_published
DELETE FROM published WHERE tenant = :tenant;

-- name: clear_snapshot
DELETE FROM snapshot WHERE tenant = :tenant;

-- name: clear_post
DELETE FROM post WHERE tenant = :tenant;

-- name: clear_letter
DELETE FROM letter WHERE tenant = :tenant;

-- name: clear_bagged
DELETE FROM bagged WHERE tenant = :tenant;

-- name: secret_get
SELECT body FROM secret WHERE name = :name;

-- name: secret_put
INSERT INTO secret (name, body) VALUES (:name, :body)
ON CONFLICT (name) DO UPDATE SET body = excluded.body;

-- name: tombstone_put
INSERT INTO tombstone (id, kind, at_us, done) VALUES (:id, :kind, :at, :done)
ON CONFLICT (id) DO NOTHING;

-- name: tombstone_all
SELECT id, kind, at_us, done FROM tombstone ORDER BY at_us, id;

-- name: tombstone_done
UPDATE tombstone SET done = 1 WHERE id = :id;

-- name: tombstone_prune
DELETE FROM tombstone WHERE at_us < :before AND done = 1;

-- name: project_place
SELECT tenant FROM project WHERE id = :id ORDER BY tenant;

-- name: project_every
SELECT tenant, id, channel FROM project ORDER BY tenant, id;

-- name: published_place
SELECT tenant, project FROM published WHERE id = :id ORDER BY tenant, project;

-- name: person_every
-- Everybody whom anything by name knows.
SELECT tenant, id FROM person
UNION SELECT tenant, person AS id FROM role WHERE NOT (person >= 'led:' AND person < 'led;')
UNION SELECT tenant, person AS id FROM member UNION SELECT tenant, person AS id FROM record
ORDER BY tenant, id;

-- name: person_here
-- Without those of whom only a role is left.
SELECT tenant, id FROM person UNION SELECT tenant, person AS id FROM member
UNION SELECT tenant, person AS id FROM record ORDER BY tenant, id;

-- name: person_delete
DELETE FROM person WHERE tenant = :tenant AND id = :person;

-- name: person_leaves
DELETE FROM member WHERE tenant = :tenant AND person = :person;

-- name: person_bagged
DELETE FROM bagged WHERE tenant = :tenant AND person = :person;

-- name: person_letters
DELETE FROM letter WHERE tenant = :tenant
    AND (place = 'person:' || :person OR place = 'bag:' || :person);

-- name: person_posts
DELETE FROM post WHERE tenant = :tenant AND place = 'person:' || :person;

-- name: person_snapshots
DELETE FROM snapshot WHERE tenant = :tenant AND audience = :person;

-- name: person_roles
SELECT project, role, status, led FROM role
WHERE tenant = :tenant AND person = :person ORDER BY project, role;

-- name: role_drop
DELETE FROM role WHERE tenant = :tenant AND project = :project AND person = :person
    AND role = :role;

-- name: record_every
SELECT kind, id, ref, person, at_us, body FROM record
WHERE tenant = :tenant AND project = :project ORDER BY kind, id;

-- name: state_every
SELECT dialog, id, version, body FROM state
WHERE tenant = :tenant AND project = :project ORDER BY dialog, id;

-- name: letter_every
SELECT id, place, kind, body FROM letter
WHERE tenant = :tenant AND project = :project ORDER BY id;

-- name: letter_body
UPDATE letter SET body = :body WHERE id = :id;

-- name: post_every
SELECT tenant, project, dialog, dialog_id, slot, id, place, body FROM post
WHERE tenant = :tenant AND project = :project AND platform_id <> '' ORDER BY id;

-- What a new key seals anew: a batch of each table after a row's key, and that row again.

-- name: sealed_inbox
SELECT tenant, key, reply FROM inbox
WHERE (tenant, key) > (:tenant, :key) AND reply IS NOT NULL
ORDER BY tenant, key LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_inbox
UPDATE inbox SET reply = :sealed WHERE tenant = :tenant AND key = :key;

-- name: sealed_state
SELECT tenant, project, dialog, id, body FROM state
WHERE (tenant, project, dialog, id) > (:tenant, :project, :dialog, :id)
ORDER BY tenant, project, dialog, id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_state
UPDATE state SET body = :sealed WHERE tenant = :tenant AND project = :project AND dialog = :dialog AND id = :id;

-- name: sealed_record
SELECT tenant, project, kind, id, body FROM record
WHERE (tenant, project, kind, id) > (:tenant, :project, :kind, :id)
ORDER BY tenant, project, kind, id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_record
UPDATE record SET body = :sealed WHERE tenant = :tenant AND project = :project AND kind = :kind AND id = :id;

-- name: sealed_role
SELECT tenant, project, person, role, body FROM role
WHERE (tenant, project, person, role) > (:tenant, :project, :person, :role)
ORDER BY tenant, project, person, role LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_role
UPDATE role SET body = :sealed WHERE tenant = :tenant AND project = :project AND person = :person AND role = :role;

-- name: sealed_person
SELECT tenant, id, body FROM person
WHERE (tenant, id) > (:tenant, :id)
ORDER BY tenant, id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_person
UPDATE person SET body = :sealed WHERE tenant = :tenant AND id = :id;

-- name: sealed_pool
SELECT tenant, project, sealed FROM pool
WHERE (tenant, project) > (:tenant, :project)
ORDER BY tenant, project LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_pool
UPDATE pool SET sealed = :sealed WHERE tenant = :tenant AND project = :project;

-- name: sealed_published
SELECT tenant, project, id, body FROM published
WHERE (tenant, project, id) > (:tenant, :project, :id)
ORDER BY tenant, project, id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_published
UPDATE published SET body = :sealed WHERE tenant = :tenant AND project = :project AND id = :id;

-- name: sealed_snapshot
SELECT tenant, project, audience, release, body FROM snapshot
WHERE (tenant, project, audience, release) > (:tenant, :project, :audience, :release)
ORDER BY tenant, project, audience, release LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_snapshot
UPDATE snapshot SET body = :sealed WHERE tenant = :tenant AND project = :project AND audience = :audience AND release = :release;

-- name: sealed_letter
SELECT id, tenant, project, body FROM letter
WHERE id > :id
ORDER BY id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_letter
UPDATE letter SET body = :sealed WHERE id = :id;

-- name: sealed_room
SELECT id, body FROM room
WHERE id > :id
ORDER BY id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_room
UPDATE room SET body = :sealed WHERE id = :id;

-- name: sealed_bagged
SELECT tenant, person, day, body FROM bagged
WHERE (tenant, person, day) > (:tenant, :person, :day) AND body IS NOT NULL
ORDER BY tenant, person, day LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_bagged
UPDATE bagged SET body = :sealed WHERE tenant = :tenant AND person = :person AND day = :day;

-- name: sealed_post
SELECT tenant, project, dialog, dialog_id, slot, body FROM post
WHERE (tenant, project, dialog, dialog_id, slot) > (:tenant, :project, :dialog, :dialog_id, :slot)
    AND body IS NOT NULL
ORDER BY tenant, project, dialog, dialog_id, slot LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_post
UPDATE post SET body = :sealed WHERE tenant = :tenant AND project = :project
    AND dialog = :dialog AND dialog_id = :dialog_id AND slot = :slot;

-- name: sealed_keepsake
SELECT tenant, id, body FROM keepsake
WHERE (tenant, id) > (:tenant, :id)
ORDER BY tenant, id LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_keepsake
UPDATE keepsake SET body = :sealed WHERE tenant = :tenant AND id = :id;

-- name: sealed_installation
SELECT tenant, body FROM installation
WHERE tenant > :tenant
ORDER BY tenant LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_installation
UPDATE installation SET body = :sealed WHERE tenant = :tenant;

-- name: sealed_address
SELECT tenant, place, body FROM address
WHERE (tenant, place) > (:tenant, :place)
ORDER BY tenant, place LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_address
UPDATE address SET body = :sealed WHERE tenant = :tenant AND place = :place;

-- name: sealed_secret
SELECT name, body FROM secret
WHERE name > :name
ORDER BY name LIMIT :limit /*pg FOR UPDATE */;

-- name: reseal_secret
UPDATE secret SET body = :sealed WHERE name = :name;
