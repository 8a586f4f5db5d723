-- How many have answered a question by name, so that a post drawn anew need not count them. The
-- database keeps it itself, whoever writes: code of the version before knows nothing of it.
CREATE TABLE answered (
    tenant TEXT NOT NULL, project TEXT NOT NULL, ref TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (tenant, project, ref)
);
INSERT INTO answered (tenant, project, ref, n)
SELECT tenant, project, ref, count(*) FROM record WHERE kind = 'answer'
GROUP BY tenant, project, ref;

/*lite*/ CREATE TRIGGER answered_more AFTER INSERT ON record WHEN NEW.kind = 'answer' BEGIN
    INSERT INTO answered (tenant, project, ref, n) VALUES (NEW.tenant, NEW.project, NEW.ref, 1)
    ON CONFLICT (tenant, project, ref) DO UPDATE SET n = n + 1;
END;
/*lite*/ CREATE TRIGGER answered_fewer AFTER DELETE ON record WHEN OLD.kind = 'answer' BEGIN
    UPDATE answered SET n = n - 1
    WHERE tenant = OLD.tenant AND project = OLD.project AND ref = OLD.ref;
    DELETE FROM answered
    WHERE tenant = OLD.tenant AND project = OLD.project AND ref = OLD.ref AND n = 0;
END;

/*pg CREATE FUNCTION answered_counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO answered (tenant, project, ref, n) VALUES (NEW.tenant, NEW.project, NEW.ref, 1)
        ON CONFLICT (tenant, project, ref) DO UPDATE SET n = answered.n + 1;
    ELSE
        UPDATE answered SET n = n - 1
        WHERE tenant = OLD.tenant AND project = OLD.project AND ref = OLD.ref;
        DELETE FROM answered
        WHERE tenant = OLD.tenant AND project = OLD.project AND ref = OLD.ref AND n = 0;
    END IF;
    RETURN NULL;
END $$ */;
/*pg CREATE TRIGGER answered_more AFTER INSERT ON record FOR EACH ROW WHEN (NEW.kind = 'answer')
    EXECUTE FUNCTION answered_counts() */;
/*pg CREATE TRIGGER answered_fewer AFTER DELETE ON record FOR EACH ROW WHEN (OLD.kind = 'answer')
    EXECUTE FUNCTION answered_counts() */;
